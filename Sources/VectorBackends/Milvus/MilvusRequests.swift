import Resilience
import Support
import SwiftProtobuf
import VectorModel

/// Sends messages to Milvus through the resilience layer and reads its answers.
final class MilvusRequests: Sendable {
  private let executor: RequestExecutor<Pool<HTTPConnectionFactory>>
  /// Sent with every call.
  private let metadata: [(name: String, value: String)]

  init(_ executor: RequestExecutor<Pool<HTTPConnectionFactory>>, _ settings: MilvusSettings) {
    self.executor = executor
    var metadata: [(name: String, value: String)] = []
    if let authorization = settings.authorization { metadata.append(("authorization", authorization)) }
    if !settings.database.isEmpty { metadata.append(("dbname", settings.database)) }
    self.metadata = metadata
  }

  /// Sends a message as one request and returns the answer, of which Milvus says that all went well.
  func call<Request: Message, Answer: MilvusAnswer & Message>(
    _ kind: RequestKind, _ method: MilvusMethod, _ request: Request, _ context: CallContext
  ) throws(VectorError) -> Answer {
    let frame = try Self.frame(request)
    defer { withExtendedLifetime(frame) {} }
    return try call(kind, method, frame: .bytes(UnsafeRawBufferPointer(frame.elements)), context)
  }

  /// As above, for a message that is in its frame already.
  func call<Answer: MilvusAnswer & Message>(
    _ kind: RequestKind, _ method: MilvusMethod, frame: HTTPBody, _ context: CallContext
  ) throws(VectorError) -> Answer {
    try call(kind, method, frame, context) { (reply) throws(VectorError) in
      try reply.withMessage { (bytes) throws(VectorError) in try Self.decode(bytes, method) }
    }
  }

  /// Asks for records: `frame` is a Search or a Query message, as `answer` says, and its answer is read where it lies.
  func columns(
    _ kind: RequestKind, _ answer: MilvusColumns.Kind, _ frame: ColumnBuffer<UInt8>, _ collection: MilvusCollection,
    _ context: CallContext
  ) throws(VectorError) -> MilvusColumns {
    defer { withExtendedLifetime(frame) {} }
    let method = answer == .search ? MilvusMethod.search : .query
    return try call(kind, method, .bytes(UnsafeRawBufferPointer(frame.elements)), context) {
      (reply) throws(VectorError) in
      do throws(ProtobufReader.Defect) {
        return try reply.withMessage { (bytes) throws(ProtobufReader.Defect) in
          try MilvusColumns(answer, bytes, owner: reply.body, collection)
        }
      } catch {
        switch error {
        case .malformed: throw Self.unreadable(method)
        case .outOfMemory: throw .resultOutOfMemory
        }
      }
    }
  }

  private func call<Answer: MilvusAnswer>(
    _ kind: RequestKind, _ method: MilvusMethod, _ frame: HTTPBody, _ context: CallContext,
    _ read: (GRPCAnswer) throws(VectorError) -> Answer
  ) throws(VectorError) -> Answer {
    do throws(RequestFailure) {
      return try executor.run(kind, context) { (connection, context) throws(AttemptFailure) in
        let reply = try connection.unary(method.path, frame, metadata: metadata, context: context)
        let answer: Answer
        do throws(VectorError) { answer = try read(reply) } catch {
          throw AttemptFailure(.refused, mayHaveApplied: true, cause: error)
        }
        if let failure = answer.outcome.failure(method) { throw failure }
        return answer
      }
    } catch {
      throw VectorError(error, of: kind)
    }
  }

  /// Waits, at most until the call ends. Errors: `cancelled`, `timeout`.
  func wait(milliseconds: UInt64, _ context: CallContext) throws(VectorError) {
    let parking = executor.endpoint.environment.makeParking()
    let end = executor.endpoint.environment.now().addingClamped(milliseconds * 1_000_000)
    _ = parking.park(until: min(end, context.deadline ?? end), cancel: context.cancel)
    if let interruption = context.interruption() { throw VectorError(interruption) }
  }

  /// A message in its frame. Only for messages of bounded size. Errors: `outOfMemory`, `internal`.
  static func frame(_ message: some Message) throws(VectorError) -> ColumnBuffer<UInt8> {
    let bytes: [UInt8]
    do { bytes = try message.serializedBytes() } catch {
      throw VectorError(.internal, "a message could not be written: \(error)")
    }
    guard let frame = GRPCFrame.begin(size: bytes.count), bytes.withUnsafeBytes({ frame.append(bytes: $0) }),
      GRPCFrame.finish(frame)
    else { throw VectorError(.outOfMemory, "not enough memory for a request") }
    return frame
  }

  /// Reads an answer. Errors: `protocolViolation`, `outOfMemory`.
  static func decode<Answer: Message>(
    _ bytes: UnsafeRawBufferPointer, _ method: MilvusMethod
  ) throws(VectorError) -> Answer {
    // Strings and arrays of Swift end the process when they find no memory.
    guard isMemoryAvailable(bytes.count.multipliedReportingOverflow(by: 4).partialValue) else {
      throw .resultOutOfMemory
    }
    do { return try Answer(serializedBytes: BorrowedBytes(bytes), options: decoding) } catch {
      throw unreadable(method)
    }
  }

  /// How generated messages are read.
  static let decoding = {
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    options.messageDepthLimit = 32
    return options
  }()

  private static func unreadable(_ method: MilvusMethod) -> VectorError {
    VectorError(.protocolViolation, "the answer of Milvus to \(method.name) is no message of its protocol")
  }
}

/// An answer that says whether Milvus did what it was asked.
protocol MilvusAnswer {
  var outcome: MilvusProtoStatus { get }
}

extension MilvusProtoStatus: MilvusAnswer {
  var outcome: MilvusProtoStatus { self }
}

extension MilvusProtoBoolResponse: MilvusAnswer {
  var outcome: MilvusProtoStatus { status }
}

extension MilvusProtoDescribeCollectionResponse: MilvusAnswer {
  var outcome: MilvusProtoStatus { status }
}

extension MilvusProtoShowCollectionsResponse: MilvusAnswer {
  var outcome: MilvusProtoStatus { status }
}

extension MilvusProtoShowPartitionsResponse: MilvusAnswer {
  var outcome: MilvusProtoStatus { status }
}

extension MilvusProtoDescribeIndexResponse: MilvusAnswer {
  var outcome: MilvusProtoStatus { status }
}

extension MilvusProtoGetLoadStateResponse: MilvusAnswer {
  var outcome: MilvusProtoStatus { status }
}

extension MilvusProtoGetVersionResponse: MilvusAnswer {
  var outcome: MilvusProtoStatus { status }
}

extension MilvusProtoMutationResult: MilvusAnswer {
  var outcome: MilvusProtoStatus { status }
}

extension MilvusColumns: MilvusAnswer {
  var outcome: MilvusProtoStatus { status }
}

extension MilvusProtoQueryResults: MilvusAnswer {
  var outcome: MilvusProtoStatus { status }
}

/// Bytes that a decoder reads where they lie.
struct BorrowedBytes: SwiftProtobufContiguousBytes {
  private let bytes: UnsafeRawBufferPointer

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  // Of use to encoders alone, which never get to see this type.
  init(repeating: UInt8, count: Int) { bytes = UnsafeRawBufferPointer(start: nil, count: 0) }
  init<S: Sequence>(_ sequence: S) where S.Element == UInt8 { bytes = UnsafeRawBufferPointer(start: nil, count: 0) }

  var count: Int { bytes.count }

  func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R { try body(bytes) }

  mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
    try body(UnsafeMutableRawBufferPointer(start: nil, count: 0))
  }
}
