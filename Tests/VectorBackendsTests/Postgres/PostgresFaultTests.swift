import Resilience
import Testing
import VectorModel

@testable import VectorBackends

@Suite struct PostgresFaultTests {
  private func failure(_ state: String, mayHaveApplied: Bool = true, isIdle: Bool = false) -> AttemptFailure {
    PostgresFault(state: state, message: "what the server says").failure(mayHaveApplied: mayHaveApplied, isIdle: isIdle)
  }

  @Test(arguments: [
    ("40001", AttemptFailure.Kind.conflicted, Status.conflict), ("40P01", .conflicted, .conflict),
    ("55P03", .conflicted, .conflict), ("53300", .throttled, .throttled), ("57P01", .unavailable, .unavailable),
    ("57P03", .unavailable, .unavailable), ("08006", .unavailable, .unavailable), ("28P01", .refused, .unauthenticated),
    ("28000", .refused, .unauthenticated), ("42501", .refused, .permissionDenied), ("42P01", .refused, .notFound),
    ("3D000", .refused, .notFound), ("25006", .refused, .readOnly), ("57014", .refused, .timeout),
    ("0A000", .refused, .unsupported), ("22000", .refused, .backend), ("XX000", .refused, .backend),
    ("", .broken, .unavailable),
  ])
  func aCodeSaysHowTheAttemptFailed(state: String, kind: AttemptFailure.Kind, status: Status) {
    let failure = failure(state)
    #expect(failure.kind == kind)
    #expect((failure.cause as? VectorError)?.status == status)
  }

  @Test func onlyABrokenConnectionLeavesAWriteUnknown() {
    #expect(failure("").mayHaveApplied)
    #expect(!failure("", mayHaveApplied: false).mayHaveApplied)
    for state in ["40001", "57P01", "23505"] { #expect(!failure(state).mayHaveApplied) }
  }

  @Test func aConnectionThatDiedWhileItLayIdleSaysNothingOfTheServer() {
    for state in ["", "57P01", "57P05"] { #expect(failure(state, isIdle: true).kind == .staleConnection) }
    #expect(failure("40001", isIdle: true).kind == .conflicted)
    #expect(failure("", isIdle: true).mayHaveApplied)
  }

  @Test(arguments: [
    ("connection to server failed: FATAL:  28P01: password authentication failed", "28P01"),
    ("FATALER FEHLER:  57P03: das Datenbanksystem startet", "57P03"), ("FATAL: 28P01: one space", nil),
    ("could not connect to server: Connection refused", nil), ("", nil), (":  28p01: x", nil), ("x:  12345:", nil),
  ])
  func theCodeOfARefusedConnectionIsInItsText(line: String, code: String?) {
    #expect(PostgresFault.stateInside(line) == code)
  }
}
