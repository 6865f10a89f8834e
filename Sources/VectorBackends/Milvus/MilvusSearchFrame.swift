import Support
import VectorModel

/// A Search message in its frame, all but the queries the same for each part of a search.
///
/// Written field by field: a generated message would copy each query three times, and cost more than the rest of the request.
struct MilvusSearchFrame {
  /// The text by which the message refers to its queries.
  private static let placeholder = "$0"

  let database: String
  let collection: String
  /// Empty = all of the collection.
  var partition = ""
  /// What records must match; empty = all do.
  let condition: [UInt8]
  let outputFields: [String]
  let parameters: [(key: String, value: String)]
  let consistency: MilvusSettings.Consistency

  /// The message for some of the queries. Errors: `outOfMemory`, `tooLarge`.
  func frame(_ queries: VectorRows, _ range: Range<Int>) throws(VectorError) -> ColumnBuffer<UInt8> {
    let queryBytes = queries.dimensions * MemoryLayout<Float>.size
    guard let frame = GRPCFrame.begin(size: 512 + condition.count + range.count * (queryBytes + 8)),
      frame.append(field: 2, text: database), frame.append(field: 3, text: collection),
      frame.append(field: 4, text: partition),
      condition.isEmpty || condition.withUnsafeBytes({ frame.append(field: 5, bytes: $0) }),
      Self.append(queries, range, to: frame),
      // The condition is an expression.
      frame.append(field: 7, number: 1)
    else { throw .requestOutOfMemory }
    for field in outputFields {
      guard frame.append(field: 8, text: field) else { throw .requestOutOfMemory }
    }
    for (key, value) in parameters {
      guard frame.append(field: 9, key: key, value: value) else { throw .requestOutOfMemory }
    }
    guard frame.append(field: 12, number: UInt64(range.count)),
      frame.append(field: 14, number: UInt64(consistency.rawValue))
    else { throw .requestOutOfMemory }
    guard GRPCFrame.finish(frame) else { throw VectorError(.tooLarge, "a request of more than 4 GB") }
    return frame
  }

  /// PlaceholderGroup, which holds one PlaceholderValue: tag, type, and the bytes of each query's floats.
  private static func append(_ queries: VectorRows, _ range: Range<Int>, to frame: ColumnBuffer<UInt8>) -> Bool {
    let size = queries.dimensions * MemoryLayout<Float>.size
    let type = UInt64(MilvusCollection.DataType.floatVector)
    // Of what follows.
    let value =
      ProtobufSize.field(bytes: placeholder.utf8.count) + ProtobufSize.field(number: type)
      + range.count * ProtobufSize.field(bytes: size)
    guard frame.append(field: 6, length: ProtobufSize.field(bytes: value)), frame.append(field: 1, length: value),
      frame.append(field: 1, text: placeholder), frame.append(field: 2, number: type)
    else { return false }
    for query in range {
      // There are no queries without an address.
      guard let row = queries.row(query),
        frame.append(field: 3, bytes: UnsafeRawBufferPointer(start: row, count: size))
      else { return false }
    }
    return true
  }
}

extension VectorError {
  /// A request that does not fit into memory.
  fileprivate static let requestOutOfMemory = VectorError(.outOfMemory, "not enough memory for a request")
}
