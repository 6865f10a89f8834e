import Testing
import VectorModel

@testable import VectorDB

@Suite struct RedactorTests {
  /// Each as another program writes the password `p@ss/wörd"1`, alone and within `user:password`.
  @Test(arguments: [
    "p@ss/wörd\"1", "p%40ss%2Fw%C3%B6rd%221", "p%40ss%2fw%c3%b6rd%221", "p@ss/wörd\\\"1",
    "cEBzcy93w7ZyZCIx", "dXNlcjpwQHNzL3fDtnJkIjE=",
  ])
  func everyFormOfASecretIsLeftOut(form: String) {
    let told = Redactor(["p@ss/wörd\"1"]).redact("FATAL: login with \(form) failed")
    #expect(!told.contains(form))
    #expect(told.contains("FATAL: login with "))
    #expect(told.contains(Redactor.replacement))
    #expect(told.hasSuffix(" failed"))
  }

  @Test func base64ThatBeginsAnywhereIsFound() {
    // "token-123456789" encoded behind one, two and three other bytes.
    for (text, known) in [
      ("YXRva2VuLTEyMzQ1Njc4OQ==", "2VuLTEyMzQ1Njc4"), ("YWF0b2tlbi0xMjM0NTY3ODk=", "b2tlbi0xMjM0NTY3"),
      ("YWFhdG9rZW4tMTIzNDU2Nzg5", "dG9rZW4tMTIzNDU2Nzg5"),
    ] {
      #expect(!Redactor(["token-123456789"]).redact("got \(text)").contains(known), "\(text)")
    }
  }

  @Test func theLongestSecretGoesFirst() {
    #expect(Redactor(["abc", "abcdef"]).redact("x abcdef y") == "x [redacted] y")
  }

  @Test func errorsKeepEverythingElse() {
    var error = VectorError(.unauthenticated, "password \"hunter2\" is wrong", index: 3)
    error.backend = "redis"
    let told = Redactor(["hunter2"]).redact(error)
    #expect(told.message == "password \"[redacted]\" is wrong")
    #expect(told.index == 3 && told.backend == "redis" && told.status == .unauthenticated)
  }

  @Test func nothingIsLeftOutWithoutSecrets() {
    #expect(Redactor(["", "a", "ab"]).redact("a cab") == "a cab")
  }
}
