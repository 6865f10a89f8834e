import Support
import Testing

@testable import Resilience

@Suite struct CachedCallTests {
  @Test func asksOnceWithinTheTimeToLive() throws {
    let clock = SettableClock()
    let cache = try cache(environment: clock)
    #expect(try #require(cache.ask(key(1), 10)).source == .loaded)
    clock.advance(.seconds(29))
    let hit = try #require(cache.ask(key(1), 11))
    #expect(hit.source == .cached)
    #expect(hit.value.number == 10)
    #expect(hit.age == 29_000_000_000)
    clock.advance(.seconds(1))
    #expect(cache.ask(key(1), 12)?.value.number == 12)
    let statistics = cache.statistics()
    #expect(statistics.hits == 1)
    #expect(statistics.misses == 2)
    #expect(statistics.expirations == 1)
    #expect(statistics.size == 1)
    #expect(statistics.hitRate == 1.0 / 3)
    cache.resetStatistics()
    #expect(cache.statistics().hits == 0)
    #expect(cache.statistics().size == 1)
  }

  /// What a predecessor got wrong: collection B was answered with the records of A, and writes changed nothing.
  @Test func theCacheKeyLackedTheCollectionAndWasNeverInvalidated() throws {
    let cache = try cache()
    let (a, b) = (scope("a"), scope("b"))
    #expect(cache.ask(key(1, a), 1)?.value.number == 1)
    #expect(cache.ask(key(1, b), 2)?.value.number == 2)
    #expect(cache.ask(key(1, a), 0)?.value.number == 1)
    for other in [scope("a", "tenant"), scope("a", identity: "somebody else")] {
      #expect(cache.ask(key(1, other), 3)?.source == .loaded)
    }
    cache.writeStarted(a)
    cache.writeEnded(a, certain: true)
    #expect(cache.ask(key(1, a), 4)?.value.number == 4)
    #expect(cache.ask(key(1, b), 0)?.value.number == 2)
  }

  /// Nothing that was read before or during a write is served after it, wherever in its course the read began and ended.
  @Test func nothingReadBeforeTheEndOfAWriteOutlivesIt() throws {
    let steps: [(CachedCall<Box>) -> Void] = [{ $0.writeStarted(scope()) }, { $0.writeEnded(scope(), certain: true) }]
    for begin in 0...2 {
      for end in begin...2 where begin < 2 {
        let cache = try cache()
        for step in steps[..<begin] { step(cache) }
        _ = try cache.ask(key(1)) { (_) throws(Trouble) in
          for step in steps[begin..<end] { step(cache) }
          return Box(1)
        }
        for step in steps[end...] { step(cache) }
        #expect(cache.ask(key(1), 2)?.value.number == 2, "read from step \(begin) to \(end) of a write")
      }
    }
  }

  @Test func nothingIsKeptForAWhileAfterAWriteThatMayNotBeVisible() throws {
    let clock = SettableClock()
    let cache = try cache(readsOwnWrites: false, environment: clock)
    cache.writeStarted(scope())
    cache.writeEnded(scope(), certain: true)
    _ = cache.ask(key(1), 1)
    #expect(cache.ask(key(1), 2)?.value.number == 2)
    #expect(cache.ask(key(1, scope("b")), 0)?.source == .loaded)
    #expect(cache.ask(key(1, scope("b")), 1)?.source == .cached)
    clock.advance(.seconds(30))
    _ = cache.ask(key(1), 3)
    #expect(cache.ask(key(1), 4)?.value.number == 3)
  }

  @Test func aWriteOfUnknownFateMayStillArrive() throws {
    let clock = SettableClock()
    let cache = try cache(readsOwnWrites: true, environment: clock)
    cache.writeStarted(scope())
    cache.writeEnded(scope(), certain: false)
    _ = cache.ask(key(1), 1)
    #expect(cache.ask(key(1), 2)?.value.number == 2)
  }

  @Test func aFlushEndsTheQuietUnlessAWriteCameMeanwhile() throws {
    let cache = try cache(readsOwnWrites: false, environment: SettableClock())
    func write() {
      cache.writeStarted(scope())
      cache.writeEnded(scope(), certain: true)
    }
    write()
    let disturbed = cache.flushStarted(scope())
    write()
    cache.flushEnded(scope(), disturbed)
    _ = cache.ask(key(1), 1)
    #expect(cache.ask(key(1), 2)?.source == .loaded)
    let mark = cache.flushStarted(scope())
    // Read before the flush, answered after it: may lack the write.
    _ = try cache.ask(key(1)) { (_) throws(Trouble) in
      cache.flushEnded(scope(), mark)
      return Box(3)
    }
    #expect(cache.ask(key(1), 4)?.value.number == 4)
    #expect(cache.ask(key(1), 5)?.value.number == 4)
  }

  @Test func errorsAreNeverKept() throws {
    let cache = try cache()
    #expect(throws: CallFailure<Trouble>.self) {
      try cache.ask(key(1)) { (_) throws(Trouble) in throw .backend }
    }
    #expect(cache.ask(key(1), 1)?.source == .loaded)
    #expect(cache.statistics().size == 1)
  }

  @Test func aFailingBackendIsCoveredByAnOldAnswerWhenAsked() throws {
    let clock = SettableClock()
    let cache = try cache(
      CacheSettings(ttl: .seconds(30), staleOnError: true, maxStale: .seconds(600)), environment: clock)
    func failing(_ trouble: Trouble) -> CacheAnswer<Box>? {
      try? cache.ask(key(1)) { (_) throws(Trouble) in throw trouble }
    }
    _ = cache.ask(key(1), 1)
    clock.advance(.seconds(60))
    let stale = try #require(failing(.backend))
    #expect(stale.source == .stale)
    #expect(stale.value.number == 1)
    #expect(stale.age == 60_000_000_000)
    #expect(failing(.caller) == nil)
    #expect(cache.statistics().stale == 1)
    clock.advance(.seconds(540))
    #expect(failing(.backend) == nil)
    _ = cache.ask(key(1), 2)
    clock.advance(.seconds(60))
    cache.writeStarted(scope())
    #expect(failing(.backend) == nil)
  }

  @Test func clearForgetsAlsoWhatIsUnderWay() throws {
    let cache = try cache()
    for number: UInt64 in 0..<700 { _ = cache.ask(key(number), 1) }
    _ = try cache.ask(key(1000)) { (_) throws(Trouble) in
      cache.clear()
      return Box(1)
    }
    #expect(cache.statistics().size == 0)
    #expect(cache.statistics().bytes == 0)
    #expect(cache.ask(key(1000), 2)?.value.number == 2)
    #expect(cache.ask(key(3), 2)?.value.number == 2)
  }

  @Test func whatHasNoCompleteKeyIsAskedEveryTime() throws {
    let cache = try cache()
    var long = key(1)
    long.add(ByteString([UInt8](repeating: 0, count: CacheKey.longest)))
    #expect(cache.ask(long, 1)?.value.number == 1)
    #expect(cache.ask(long, 2)?.value.number == 2)
  }

  @Test func settingsOutsideTheirRangesAreNamed() {
    let wrong: [(CacheSettings, String)] = [
      (CacheSettings(maxEntries: 0), "cache.max_entries"), (CacheSettings(maxBytes: 1), "cache.max_bytes"),
      (CacheSettings(ttl: .zero), "cache.ttl"), (CacheSettings(maxStale: .seconds(3601)), "cache.max_stale"),
      (CacheSettings(quietPeriod: .seconds(-1)), "cache.quiet_period"),
    ]
    for (settings, option) in wrong {
      do {
        try settings.check()
        Issue.record("\(option) passed")
      } catch {
        #expect(error.option == option)
      }
    }
  }

  /// Readers and a writer at once: whoever begins after a write has ended sees it.
  @Test func threadsNeverReadFromBeforeAWrite() throws {
    let cache = try cache(CacheSettings(maxEntries: 4))
    let (applied, answered, wrong, hits) = (AtomicWord(0), AtomicWord(0), AtomicWord(0), AtomicWord(0))
    func read(_ turn: UInt64) {
      let least = answered.load()
      let seen = try? cache.ask(key(turn % 5)) { (_) throws(Trouble) in Box(Int(applied.load())) }
      if (seen?.value.number ?? -1) < Int(least) { wrong.add(1) }
      if seen?.source == .cached { hits.add(1) }
    }
    onThreads(4) { thread in
      for turn in 1...5000 as ClosedRange<UInt64> {
        if thread == 0 {
          cache.writeStarted(scope())
          applied.store(turn)
          cache.writeEnded(scope(), certain: true)
          answered.store(turn)
        }
        // Nobody else writes: of the thread that does, the second of two reads is a hit.
        for _ in 0..<2 { read(turn) }
      }
    }
    #expect(wrong.load() == 0)
    #expect(hits.load() > 1000)
  }
}
