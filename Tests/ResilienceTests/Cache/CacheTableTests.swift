import Support
import Testing

@testable import Resilience

@Suite struct CacheTableTests {
  private let second: UInt64 = 1_000_000_000

  private func entry(_ number: UInt64, at time: UInt64, bytes: Int = 1, generation: UInt64 = 0, hash: UInt64? = nil)
    -> CacheEntry<Box>
  {
    CacheEntry(
      key: key(number), hash: hash ?? number, value: Box(Int(number)), bytes: bytes, generation: generation,
      storedAt: time)
  }

  private func made(_ settings: CacheSettings) throws -> CacheTable<Box> {
    guard let table = CacheTable<Box>(settings) else { throw Trouble.backend }
    return table
  }

  @Test func theLeastRecentlyUsedLeavesFirst() throws {
    var table = try made(CacheSettings(maxEntries: 3))
    var gone: [CacheEntry<Box>] = []
    for number: UInt64 in 1...3 { table.store(entry(number, at: 0), discarded: &gone) }
    _ = table.find(key(1), hash: 1, generation: 0, now: 0, discarded: &gone)
    table.store(entry(4, at: 0), discarded: &gone)
    #expect(gone.map(\.value.number) == [2])
    #expect(table.count == 3)
    #expect(table.evictions == 1)
  }

  @Test func bytesAreBounded() throws {
    var table = try made(CacheSettings(maxBytes: 1024))
    var gone: [CacheEntry<Box>] = []
    table.store(entry(1, at: 0, bytes: 400), discarded: &gone)
    table.store(entry(2, at: 0, bytes: 400), discarded: &gone)
    table.store(entry(3, at: 0, bytes: 900), discarded: &gone)
    #expect(gone.map(\.value.number) == [1, 2])
    #expect(table.bytes == 900)
    table.store(entry(4, at: 0, bytes: 1025), discarded: &gone)
    #expect(table.count == 1)
    #expect(gone.count == 2)
  }

  @Test func aLargerAnswerToTheSameCallTakesItsPlaceAlone() throws {
    var table = try made(CacheSettings(maxBytes: 1024))
    var gone: [CacheEntry<Box>] = []
    table.store(entry(1, at: 0, bytes: 600), discarded: &gone)
    table.store(entry(2, at: 0, bytes: 100), discarded: &gone)
    table.store(entry(1, at: 0, bytes: 900), discarded: &gone)
    #expect(table.bytes == 1000)
    #expect(table.evictions == 0)
  }

  @Test func theKeyDecidesNotTheHash() throws {
    var table = try made(CacheSettings())
    var gone: [CacheEntry<Box>] = []
    table.store(entry(1, at: 0, hash: 77), discarded: &gone)
    table.store(entry(2, at: 0, hash: 77), discarded: &gone)
    for number: UInt64 in 1...2 {
      guard case .fresh(let found) = table.find(key(number), hash: 77, generation: 0, now: 0, discarded: &gone) else {
        Issue.record("\(number) is gone")
        continue
      }
      #expect(found.value.number == Int(number))
    }
    guard case .nothing = table.find(key(3), hash: 77, generation: 0, now: 0, discarded: &gone) else {
      Issue.record("found by its hash")
      return
    }
  }

  @Test func timeAndGenerationEndAnEntry() throws {
    var table = try made(CacheSettings(ttl: .seconds(30)))
    var gone: [CacheEntry<Box>] = []
    table.store(entry(1, at: second), discarded: &gone)
    table.store(entry(2, at: second, generation: 5), discarded: &gone)
    guard case .fresh = table.find(key(1), hash: 1, generation: 0, now: 31 * second - 1, discarded: &gone) else {
      Issue.record("gone before its time")
      return
    }
    guard case .nothing = table.find(key(1), hash: 1, generation: 0, now: 31 * second, discarded: &gone) else {
      Issue.record("alive beyond its time")
      return
    }
    guard case .nothing = table.find(key(2), hash: 2, generation: 6, now: second, discarded: &gone) else {
      Issue.record("alive beyond a write")
      return
    }
    #expect(table.expirations == 1)
    #expect(table.invalidations == 1)
    #expect(table.count == 0)
    #expect(table.bytes == 0)
  }

  /// Thousands of random steps against a list that is searched from end to end.
  @Test(arguments: 1...8 as ClosedRange<UInt64>) func behavesAsAPlainList(seed: UInt64) throws {
    var state = seed
    func next(_ bound: UInt64) -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      return mix(state) % bound
    }
    let settings = CacheSettings(maxEntries: 7, maxBytes: 1024, ttl: .seconds(10))
    var table = try made(settings)
    var model: [CacheEntry<Box>] = []  // most recently used last
    var now: UInt64 = 0
    for _ in 0..<4000 {
      var gone: [CacheEntry<Box>] = []
      now += next(second)
      let number = next(16)
      let place = model.firstIndex { $0.key.equals(key(number)) }
      if next(2) == 0 {
        let added = entry(number, at: now, bytes: Int(next(300)), generation: next(2), hash: number % 3)
        if let place { model.remove(at: place) }
        while model.count >= 7 || model.map(\.bytes).reduce(0, +) + added.bytes > 1024 { model.removeFirst() }
        model.append(added)
        table.store(added, discarded: &gone)
      } else {
        var expected: CacheEntry<Box>?
        if let place {
          let held = model.remove(at: place)
          if held.generation == 0, now - held.storedAt < 10 * second {
            expected = held
            model.append(held)
          }
        }
        let found = table.find(key(number), hash: number % 3, generation: 0, now: now, discarded: &gone)
        switch found {
        case .fresh(let found): #expect(found === expected)
        case .expired: Issue.record("nothing is served beyond its time here")
        case .nothing: #expect(expected == nil)
        }
      }
      #expect(table.count == model.count)
      #expect(table.bytes == model.map(\.bytes).reduce(0, +))
    }
    #expect(table.evictions > 100)
    #expect(table.expirations > 20)
  }

  /// Nothing is kept alive by a table that is gone, nor by one that is empty.
  @Test func letsGoOfWhatItHeld() throws {
    weak var first: Box?
    weak var second: Box?
    do {
      var table = try made(CacheSettings())
      var gone: [CacheEntry<Box>] = []
      let entries = [entry(1, at: 0), entry(2, at: 0)]
      first = entries[0].value
      second = entries[1].value
      for entry in entries { table.store(entry, discarded: &gone) }
      #expect(!table.removeOldest(10, discarded: &gone))
      #expect(gone.count == 2)
      table.store(entries[1], discarded: &gone)
    }
    #expect(first == nil)
    #expect(second == nil)
  }
}
