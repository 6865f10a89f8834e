import Resilience
import Support
import VectorModel

/// Transactions on their way: MULTI, the commands of some records, EXEC; and which records failed.
///
/// The next one is sent before the last was answered. One connection, one thread.
final class RedisTransactions {
  private struct Group {
    let positions: [Int]
    let leading: Int
    let commandsEach: Int
    /// Replies that have come, that of MULTI the first.
    var replies = 0
    /// The first error before EXEC, and whether a command was done outside the transaction.
    var refusal: String?
    var isLoose = false

    /// Replies of EXEC.
    var results: Int { leading + positions.count * commandsEach }
    /// And those of MULTI, of each command as it is queued, and of EXEC itself.
    var expected: Int { results + 2 }
  }

  private struct Failure {
    let position: Int
    let error: String
    let mayHaveApplied: Bool
  }

  private var groups: [Group] = []
  private var failures: [Failure] = []
  /// Records of transactions that were not done because a watched key had changed.
  private(set) var conflicts: [Int] = []
  /// Whether any transaction was done.
  private var hasApplied = false

  /// Ends the transaction that `commands` began, sends it, and waits for those before it. `commands` is empty afterwards.
  ///
  /// - Parameter leading: commands before those of the single records, for all of them.
  func send(
    _ positions: [Int], leading: Int = 0, commandsEach: Int, _ commands: inout RedisCommands,
    _ connection: RedisConnection, _ context: CallContext
  ) throws(AttemptFailure) {
    commands.command("EXEC")
    groups.append(Group(positions: positions, leading: leading, commandsEach: commandsEach))
    try connection.exchange(commands, leaving: commands.count, context) { take($0) }
    commands.removeAll()
  }

  /// Waits for all replies.
  func finish(_ connection: RedisConnection, _ context: CallContext) throws(AttemptFailure) {
    try connection.exchange(RedisCommands(), context) { take($0) }
  }

  /// Tells which of the pending items failed. Where the server refused everything for one reason, that is thrown.
  func report(to answer: BatchAnswer) throws(AttemptFailure) {
    if let first = failures.first, !hasApplied, conflicts.isEmpty, failures.allSatisfy({ $0.error == first.error }) {
      let whole = RedisFailure.answered(first.error)
      throw AttemptFailure(
        whole.kind, mayHaveApplied: failures.contains { $0.mayHaveApplied }, cause: whole.cause)
    }
    var causes: [String: (place: Int, failure: AttemptFailure)] = [:]
    for failure in failures.sorted(by: { $0.position < $1.position }) {
      let known =
        causes[failure.error]
        ?? {
          let answered = RedisFailure.answered(failure.error)
          return (answer.cause(answered.cause), answered)
        }()
      causes[failure.error] = known
      let isNoted = answer.fail(
        at: failure.position, known.failure.kind, cause: known.place, mayHaveApplied: failure.mayHaveApplied)
      guard isNoted else { throw RedisFailure.outOfMemory }
    }
  }

  private func take(_ reply: RedisReply) {
    guard !groups.isEmpty else { return }
    groups[0].replies += 1
    if groups[0].replies < groups[0].expected {
      if let error = reply.error {
        groups[0].refusal = groups[0].refusal ?? error
      } else if groups[0].replies > 1, !reply.is("QUEUED") {
        groups[0].isLoose = true
      }
      return
    }
    end(groups.removeFirst(), reply)
  }

  /// Reads what EXEC answers: one reply a command, or that nothing was done.
  private func end(_ group: Group, _ reply: RedisReply) {
    if reply.kind == .null { return conflicts += group.positions }
    let isDone = reply.kind == .array && reply.count == group.results
    guard isDone else {
      let error = group.refusal ?? reply.error ?? "EXEC answers neither replies nor an error"
      for position in group.positions {
        failures.append(Failure(position: position, error: error, mayHaveApplied: group.isLoose || reply.error == nil))
      }
      return
    }
    hasApplied = true
    for (number, element) in reply.elements.enumerated() {
      guard let error = element.error else { continue }
      guard number >= group.leading else {
        failures += group.positions.map { Failure(position: $0, error: error, mayHaveApplied: true) }
        break
      }
      let position = group.positions[(number - group.leading) / group.commandsEach]
      // The command before it was done: the record may be gone.
      if failures.last?.position != position {
        failures.append(Failure(position: position, error: error, mayHaveApplied: true))
      }
    }
  }
}
