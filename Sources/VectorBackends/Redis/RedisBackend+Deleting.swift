import Resilience
import Support
import VectorModel

extension RedisBackend {
  /// Keys of one command, of one request by ids, and of one page of matching records.
  private static let keysAtOnce = 500
  private static let idsAtOnce = 5000
  private static let pageKeys = 10_000

  package func delete(
    ids: PackedStrings, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    let index = try writable()
    return try BatchSlices.run(ids.count, end: { $0 + Self.idsAtOnce }) { (slice) throws(VectorError) in
      var tally = DeletionTally()
      let outcome = requests.runBatch(.delete, items: slice.count, context) {
        connection, context, pending, answer throws(AttemptFailure) in
        tally.begin()
        var commands = RedisCommands()
        for start in stride(from: 0, to: pending.count, by: Self.keysAtOnce) {
          let end = min(start + Self.keysAtOnce, pending.count)
          commands.begin(1 + end - start)
          commands.add(word: "UNLINK")
          for position in start..<end {
            commands.add(index.keys, namespace, ids[slice.lowerBound + pending[position]])
          }
        }
        var number = 0
        var isNoted = true
        var refusals: [String] = []
        try connection.exchange(commands, context) { reply in
          let positions = number * Self.keysAtOnce..<min((number + 1) * Self.keysAtOnce, pending.count)
          number += 1
          if let error = reply.error {
            let failure = RedisFailure.answered(error)
            refusals.append(error)
            let cause = answer.cause(failure.cause)
            for position in positions where isNoted { isNoted = answer.fail(at: position, failure.kind, cause: cause) }
          } else {
            tally.add(reply.integer)
          }
        }
        guard isNoted else { throw RedisFailure.outOfMemory }
        tally.end()
        if let first = refusals.first, refusals.count == number, refusals.allSatisfy({ $0 == first }) {
          throw RedisFailure.answered(first)
        }
      }
      return try WriteOutcome(outcome, of: .delete, items: slice.count, deleted: tally.deleted)
    }
  }

  package func delete(
    matching filter: Filter, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    let query = try compiled(filter, context)
    if query.matching == .none {
      _ = try writable()
      return WriteOutcome(applied: 0, deleted: 0)
    }
    let tally = try delete(query, .deleteWhere, namespace, context)
    return WriteOutcome(applied: tally.counted, deleted: tally.deleted)
  }

  package func clear(namespace: ByteString, context: CallContext) throws(VectorError) {
    _ = try delete(RedisQuery(), .clear, namespace, context)
  }

  package func drop(context: CallContext) throws(VectorError) {
    _ = try writable()
    var commands = RedisCommands()
    commands.command("FT.DROPINDEX", settings.index, "DD")
    try run(.drop, context) { connection, context throws(AttemptFailure) in
      var failure: AttemptFailure?
      try connection.exchange(commands, context) { reply in
        // Gone is what it shall be: the reply of an earlier attempt may have been lost.
        if let error = reply.error, !RedisFailure.saysAbsent(error) { failure = RedisFailure.answered(error) }
      }
      if let failure { throw failure }
    }
    state.drop()
  }

  /// Deletes the matching records of a namespace, page by page, each page a request of its own.
  private func delete(
    _ query: RedisQuery, _ kind: RequestKind, _ namespace: ByteString, _ context: CallContext
  ) throws(VectorError) -> DeletionTally {
    _ = try writable()
    var query = query
    query.restrict(to: namespace)
    let limit = min(Self.pageKeys, state.maxResults)
    var tally = DeletionTally()
    while true {
      let found = try run(kind, context) { connection, context throws(AttemptFailure) in
        tally.begin()
        var search = RedisCommands()
        search.add(search: query, settings.index, limit: limit, context)
        var deletion = RedisCommands()
        let found = try connection.ask(search, context) { (reply) throws(AttemptFailure) in
          try Self.writeDeletion(of: reply, to: &deletion)
        }
        guard found > 0 else {
          tally.end()
          return 0
        }
        try connection.askAll(deletion, context) { (_, reply) throws(AttemptFailure) in tally.add(reply.integer) }
        tally.end()
        return found
      }
      // Records that others add meanwhile are not waited for.
      if found < limit { return tally }
    }
  }

  /// Deletes all keys that a search found; returns their number.
  private static func writeDeletion(
    of reply: RedisReply, to commands: inout RedisCommands
  ) throws(AttemptFailure) -> Int {
    var keys = reply.elements
    guard keys.next()?.integer != nil, reply.count > 0 else {
      throw RedisFailure.unexpected("FT.SEARCH gives no total")
    }
    let count = reply.count - 1
    var left = count
    while left > 0 {
      let piece = min(left, keysAtOnce)
      commands.begin(1 + piece)
      commands.add(word: "UNLINK")
      for _ in 0..<piece {
        guard let key = keys.next()?.bytes else { throw RedisFailure.unexpected("FT.SEARCH gives no key") }
        commands.add(key)
      }
      left -= piece
    }
    return count
  }
}

/// Counts deleted records as long as that can be done truthfully.
struct DeletionTally {
  /// Those that were told.
  private(set) var counted = 0
  private var isOpen = false
  private var isSure = true

  /// nil once an attempt broke off: what it deleted nobody knows.
  var deleted: Int? { isSure ? counted : nil }

  /// An attempt begins.
  mutating func begin() {
    if isOpen { isSure = false }
    isOpen = true
  }

  mutating func add(_ count: Int?) {
    guard let count, count >= 0 else { return isSure = false }
    counted = counted.addingReportingOverflow(count).partialValue
  }

  /// An attempt was answered in full.
  mutating func end() { isOpen = false }
}
