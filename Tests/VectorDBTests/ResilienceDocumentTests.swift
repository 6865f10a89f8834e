import Glibc
import Resilience
import Support
import Testing
import VectorModel

@testable import VectorDB

/// docs/resilience.md and the tables of settings tell the same.
@Suite struct ResilienceDocumentTests {
  private static let document = read("docs/resilience.md")

  private static func check<Group: SettingGroup>(_ option: String, _ defaults: Group) throws {
    let section = try #require(Self.section(of: option), "no section speaks of \(option)")
    for setting in Group.table {
      let row = section.first { $0.hasPrefix("| `\(setting.name)` |") }
      let cells = try #require(row, "\(option).\(setting.name) is not documented").split(separator: "|")
      var json = JSONWriter()
      json.object { setting.write(defaults, to: &$0) }
      let written = json.text.dropFirst(setting.name.count + 4).dropLast()
      let documented = cells[2].filter { !" `,".contains($0) }
      let expected = documented == "none" ? "null" : documented
      // "hard_limit": as large as another setting.
      if expected == "hard_limit" { continue }
      #expect(written == expected, "\(option).\(setting.name)")
    }
  }

  @Test func everySettingIsDocumentedWithItsDefault() throws {
    let options = ResilienceOptions()
    try Self.check("resilience.retry", options.retry)
    try Self.check("resilience.retry_budget", options.budget)
    try Self.check("resilience.circuit_breaker", options.breaker)
    try Self.check("resilience.attempt", AttemptTimeouts())
    try Self.check("resilience.rate_limit", options.rateLimit)
    try Self.check("resilience.bulkhead", options.bulkhead)
    try Self.check("resilience.pool", options.pool)
    try Self.check("resilience.hedge", HedgeSettings())
    try Self.check("resilience.health", options.health)
    try Self.check("cache", CacheSettings())
    try Self.check("fault_injection", FaultSettings())
    for group in ResilienceOptions.groups { #expect(Self.document.contains("`resilience.\(group)`"), "\(group)") }
  }

  @Test func everyEventIsDocumented() {
    let kind = RequestKind("search", .read)
    let events: [ResilienceEvent] = [
      .attemptStarted(kind, attempt: 1), .attemptFailed(kind, attempt: 1, kind: .broken, elapsed: 0),
      .attemptRetried(kind, attempt: 1, delay: 0), .retryRefused(kind, attempt: 1, reason: .budget),
      .breakerChanged(.read, from: .closed, to: .open), .poolExhausted(waiting: 1, limit: 1),
      .connectionOpened(elapsed: 0), .connectionClosed(reason: "idle"), .cacheHit("search"),
      .cacheServedStale("search", age: 0), .hedgeStarted("search", after: 0), .hedgeWon("search"),
      .slowCall("search", elapsed: 0), .faultInjected(kind, fault: "error"),
    ]
    for event in events { #expect(Self.document.contains("`\(event.name)`"), "\(event.name)") }
    for reason in RetryRefusal.allCases { #expect(Self.document.contains("`\(reason.name)`")) }
  }

  /// Lines from the heading that names the option to the next heading.
  private static func section(of option: String) -> [Substring]? {
    let lines = document.split(separator: "\n")
    guard let start = lines.firstIndex(where: { $0.hasPrefix("### ") && $0.contains("`\(option)`") }) else {
      return nil
    }
    return Array(lines[(start + 1)...].prefix { !$0.hasPrefix("#") })
  }
}

/// A file of the project as text.
private func read(_ path: String) -> String {
  let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  guard let file = fopen("/\(root)/\(path)", "r") else { return "" }
  defer { fclose(file) }
  var bytes = [UInt8](repeating: 0, count: 1 << 20)
  let count = fread(&bytes, 1, bytes.count, file)
  return String(decoding: bytes.prefix(count), as: UTF8.self)
}
