import Resilience
import Support
import VectorModel

extension RedisConnection {
  /// Sends one command and reads its reply. An error that the server answers with is thrown.
  func ask<Answer>(
    _ commands: RedisCommands, _ context: CallContext, _ read: (RedisReply) throws(AttemptFailure) -> Answer
  ) throws(AttemptFailure) -> Answer {
    var answer: Answer?
    try askAll(commands, context) { (_, reply) throws(AttemptFailure) in answer = try read(reply) }
    guard let answer else { throw RedisFailure.unexpected("no reply") }
    return answer
  }

  /// Sends commands and reads the reply of each, which are numbered from 0. Every reply is taken from the connection, so that
  /// it can be used again; then the first error is thrown.
  func askAll(
    _ commands: RedisCommands, _ context: CallContext, _ read: (Int, RedisReply) throws(AttemptFailure) -> Void
  ) throws(AttemptFailure) {
    var number = 0
    var failure: AttemptFailure?
    try exchange(commands, context) { reply in
      defer { number += 1 }
      if failure != nil { return }
      if let error = reply.error {
        failure = RedisFailure.answered(error)
        return
      }
      do throws(AttemptFailure) { try read(number, reply) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}

extension AttemptFailure {
  /// A failure of our own while a reply is read: no memory, or a reply that makes no sense.
  init(reading error: VectorError) { self.init(.refused, mayHaveApplied: true, cause: error) }
}
