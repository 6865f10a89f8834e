import CSupport
import Glibc
import Support
import Testing
import VectorModel

@testable import VectorDB

/// What the callback saw; its address is the context.
private final class Inbox: @unchecked Sendable {
  let lock = Lock()
  var events: [(LogLevel, String)] = []
  /// While above zero the callback does not return.
  let blocked = AtomicWord(0)

  static let receive: EventReceiver.Callback = { context, level, text, length in
    guard let context, let text else { return }
    let inbox = Unmanaged<Inbox>.fromOpaque(context).takeUnretainedValue()
    let bytes = UnsafeRawBufferPointer(start: text, count: length)
    // Databases of other tests speak through the same forwarder.
    guard bytes.starts(with: #"{"event":"test."#.utf8) else { return }
    inbox.lock.withLock {
      inbox.events.append((LogLevel(rawValue: level) ?? .debug, String(decoding: bytes, as: UTF8.self)))
    }
    while inbox.blocked.load() != 0 { usleep(500) }
  }

  var receiver: EventReceiver {
    EventReceiver(callback: Self.receive, context: Unmanaged.passUnretained(self).toOpaque())
  }

  func wait(for count: Int) -> [(LogLevel, String)] {
    for _ in 0..<4_000 {
      let seen = lock.withLock { events }
      if seen.count >= count { return seen }
      usleep(500)
    }
    return lock.withLock { events }
  }
}

/// One forwarder serves the process, so these run one after the other.
@Suite(.serialized) struct EventForwarderTests {
  private let forwarder = EventForwarder.shared

  @Test func eventsArriveInOrderAndOnlyFromTheirLevelOn() throws {
    let inbox = Inbox()
    try forwarder.setReceiver(inbox.receiver, from: .info)
    defer { try? forwarder.setReceiver(nil, from: .debug) }
    #expect(!forwarder.wants(.debug))
    forwarder.send(.debug, "test.debug") { _ in }
    for number in 0..<100 { forwarder.send(.warning, "test.event") { $0.field("number", number) } }
    let events = inbox.wait(for: 100)
    #expect(events.count == 100)
    for (number, event) in events.enumerated() {
      #expect(event.0 == .warning)
      #expect(event.1.hasPrefix("{\"event\":\"test.event\",\"time_ms\":"))
      #expect(event.1.hasSuffix("\"number\":\(number)}"))
    }
  }

  @Test func aSlowCallbackLosesEventsWhichAreCounted() throws {
    let inbox = Inbox()
    inbox.blocked.store(1)
    try forwarder.setReceiver(inbox.receiver, from: .debug)
    defer { try? forwarder.setReceiver(nil, from: .debug) }
    forwarder.send(.info, "test.first") { _ in }
    #expect(inbox.wait(for: 1).count == 1)
    for _ in 0..<1_500 { forwarder.send(.info, "test.flood") { _ in } }
    inbox.blocked.store(0)
    #expect(inbox.wait(for: 1_025).count == 1_025)
    forwarder.send(.info, "test.after") { _ in }
    let last = try #require(inbox.wait(for: 1_026).last)
    #expect(last.1.contains("\"dropped\":476"))
  }

  @Test func clearingWaitsForTheCallbackAndEndsIt() throws {
    let inbox = Inbox()
    inbox.blocked.store(1)
    try forwarder.setReceiver(inbox.receiver, from: .debug)
    forwarder.send(.info, "test.event") { _ in }
    #expect(inbox.wait(for: 1).count == 1)
    let cleared = AtomicWord(0)
    WorkerPool(helpers: 1).run(tasks: 2, threads: 2) { task in
      if task == 0 {
        try? forwarder.setReceiver(nil, from: .debug)
        cleared.store(1)
      } else {
        usleep(50_000)
        #expect(cleared.load() == 0)
        inbox.blocked.store(0)
      }
    }
    #expect(cleared.load() == 1)
    forwarder.send(.error, "test.late") { _ in }
    usleep(20_000)
    #expect(inbox.lock.withLock { inbox.events.count } == 1)
  }
}
