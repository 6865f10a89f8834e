import CSupport
import Resilience
import Support
import VectorModel

/// A connection to a server that speaks its protocol and nothing else. One thread at a time; every wait ends with the call's
/// deadline or cancel.
package final class RedisConnection {
  package let server: RedisServer
  private let stream: any RedisStream
  private let reader: RedisReader
  private let wakeup: CancelWakeup
  private let buffer: UnsafeMutableRawBufferPointer
  /// Replies that have not arrived yet.
  private var awaited = 0
  /// Whether a reply ever arrived.
  private var hasServed = false
  /// Whether anything arrived since nothing was awaited: one that served and dies before was left alone for too long.
  private var isAnswering = false
  private var isBroken = false

  private static let bufferSize = 64 << 10

  init(_ stream: any RedisStream, _ server: RedisServer, reader: RedisReader, wakeup: CancelWakeup) {
    self.stream = stream
    self.server = server
    self.reader = reader
    self.wakeup = wakeup
    buffer = .allocate(byteCount: Self.bufferSize, alignment: 16)
  }

  deinit { buffer.deallocate() }

  /// Sends commands and hands out the replies in the order of their commands, those of earlier exchanges first, until at most
  /// `leaving` are outstanding.
  ///
  /// Reads while it writes, so neither side waits for the other however much there is. A reply is valid while `take` runs. What
  /// a reply says, also an error, is `take`'s to judge: it is called once for each command, or this throws. Errors:
  /// `staleConnection`, `broken`, `timedOut`, `cancelled`, `refused` beyond the limits; nothing may be sent afterwards.
  package func exchange(
    _ commands: RedisCommands, leaving: Int = 0, _ context: CallContext, _ take: (RedisReply) -> Void
  ) throws(AttemptFailure) {
    if isBroken { throw broken("it was given up before", isStale: true, mayHaveApplied: false) }
    guard !commands.failed else {
      isBroken = true
      throw RedisFailure.outOfMemory
    }
    var progress = Progress(unsent: commands.bytes.count)
    progress.hadOutstanding = awaited > 0
    if awaited == 0 { isAnswering = false }
    awaited += commands.count
    let tally = context.tally
    do throws(AttemptFailure) {
      try wakeup.watching(context) { () throws(AttemptFailure) in
        try drive(UnsafeRawBufferPointer(commands.bytes.elements), &progress, leaving, context, take)
      }
    } catch {
      withExtendedLifetime(commands) {}
      isBroken = true
      tally?.add(.bytesSent, UInt64(progress.sent))
      tally?.add(.bytesReceived, UInt64(progress.received))
      throw error
    }
    withExtendedLifetime(commands) {}
    tally?.add(.bytesSent, UInt64(progress.sent))
    tally?.add(.bytesReceived, UInt64(progress.received))
  }

  private struct Progress {
    var unsent: Int
    var sent = 0
    var received = 0
    var hadOutstanding = false

    init(unsent: Int) { self.unsent = unsent }

    /// Whether the server may have seen a command.
    var hasBegun: Bool { sent > 0 || hadOutstanding }
  }

  private func drive(
    _ bytes: UnsafeRawBufferPointer, _ progress: inout Progress, _ leaving: Int, _ context: CallContext,
    _ take: (RedisReply) -> Void
  ) throws(AttemptFailure) {
    // What arrived while nobody waited for it.
    var mayReceive = progress.hadOutstanding
    while true {
      if let why = context.interruption() {
        throw RedisFailure.interrupted(why, server, mayHaveApplied: progress.hasBegun)
      }
      do throws(RedisStreamFailure) {
        if progress.unsent > 0 {
          let sent = try stream.send(UnsafeRawBufferPointer(rebasing: bytes[progress.sent...]))
          progress.sent += sent
          progress.unsent -= sent
          if sent > 0, progress.unsent > 0 { continue }
        }
        if mayReceive {
          let count = try stream.receive(buffer)
          progress.received += count
          mayReceive = count > 0
          isAnswering = isAnswering || count > 0
          if count > 0 { try read(UnsafeRawBufferPointer(rebasing: buffer[..<count]), progress, take) }
        }
      } catch {
        throw failure(error, progress)
      }
      if progress.unsent == 0, awaited <= leaving { return }
      if mayReceive { continue }
      let interest = VDB_READABLE | (progress.unsent > 0 ? VDB_WRITABLE : 0)
      let ready = vdb_wait_socket(stream.descriptor, interest, wakeup.descriptor, context.deadline ?? .max)
      if ready < 0 { throw broken("waiting for it failed", isStale: false, mayHaveApplied: progress.hasBegun) }
      mayReceive = ready & VDB_READABLE != 0
    }
  }

  private func read(
    _ bytes: UnsafeRawBufferPointer, _ progress: Progress, _ take: (RedisReply) -> Void
  ) throws(RedisStreamFailure) {
    do throws(RedisReader.Failure) {
      try reader.feed(bytes)
      while let reply = try reader.next() {
        hasServed = true
        guard awaited > 0 else { throw .invalid }
        awaited -= 1
        take(reply)
      }
    } catch {
      switch error {
      case .invalid: throw .notRedis
      case .tooLarge: throw .tooLarge
      case .outOfMemory: throw .outOfMemory
      }
    }
  }

  private func failure(_ failure: RedisStreamFailure, _ progress: Progress) -> AttemptFailure {
    switch failure {
    case .tooLarge:
      let limit = "\(server.maxReplyBytes >> 20) MiB or \(server.maxReplyValues) values"
      return RedisFailure.refused(
        VectorError(.tooLarge, "Redis answers with more than \(limit): ask for less at once"), mayHaveApplied: true)
    case .outOfMemory:
      return RedisFailure.refused(.resultOutOfMemory, mayHaveApplied: true)
    case .notRedis:
      return AttemptFailure(
        .broken, mayHaveApplied: progress.hasBegun,
        cause: VectorError(.protocolViolation, "\(server.name) does not speak the protocol of Redis"))
    case .broken(let reason):
      return broken(reason, isStale: hasServed && !isAnswering, mayHaveApplied: progress.hasBegun)
    }
  }

  private func broken(_ reason: String, isStale: Bool, mayHaveApplied: Bool) -> AttemptFailure {
    AttemptFailure(
      isStale ? .staleConnection : .broken, mayHaveApplied: mayHaveApplied,
      cause: VectorError(.unavailable, "the connection to Redis at \(server.name) broke: \(reason)"))
  }

  /// Whether it may be used again, as far as one can see without waiting.
  var isUsable: Bool { !isBroken && awaited == 0 && vdb_socket_is_open(stream.descriptor) != 0 }

  func close() {
    isBroken = true
    stream.close()
  }

  func abandon() {
    isBroken = true
    stream.abandon()
  }
}
