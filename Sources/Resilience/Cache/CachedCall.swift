import Support

/// Answers calls from a cache, and lets calls for the same thing that come at once share one.
///
/// Around every call that reads: `value`. Around every write, in the same object: `writeStarted` and `writeEnded`, so that no
/// answer from before a write is served after it. A hit takes one short lock and waits for nobody.
package final class CachedCall<Value: AnyObject & Sendable>: @unchecked Sendable {
  package typealias Entry = CacheEntry<Value>
  package typealias Answer = CacheAnswer<Value>

  let environment: any Environment
  private let events: (any EventSink)?
  private let cost: @Sendable (Value) -> Int
  private let seed: (UInt64, UInt64)
  let generations = WriteGenerations()

  let settings: CacheSettings
  let readsOwnWrites: Bool
  let counts = StripedWords()
  enum Count: Int { case hits, joined, stale, misses }

  let lock = Lock(.leaf)
  // Under `lock`, which is all the exclusion they need.
  @exclusivity(unchecked) var table: CacheTable<Value>
  @exclusivity(unchecked) var quiet: QuietPeriods
  @exclusivity(unchecked) private var flights: [FlightKey: Flight<Value>] = [:]
  @exclusivity(unchecked) private var epoch = processEpoch
  @exclusivity(unchecked) var baseline = CacheStatistics()

  /// Nil when the machine has no memory for it. Settings must be checked.
  /// - Parameters:
  ///   - readsOwnWrites: whether the backend shows a write to every read that follows it.
  ///   - cost: bytes a value occupies.
  package init?(
    _ settings: CacheSettings, readsOwnWrites: Bool, environment: any Environment, events: (any EventSink)? = nil,
    cost: @escaping @Sendable (Value) -> Int
  ) {
    guard let table = CacheTable<Value>(settings) else { return nil }
    self.table = table
    self.settings = settings
    self.readsOwnWrites = readsOwnWrites
    self.environment = environment
    self.events = events
    self.cost = cost
    seed = (environment.random(), environment.random())
    quiet = QuietPeriods(length: settings.quietPeriod.nanoseconds)
  }

  /// The answer to the call of `key`: a kept one, that of the same call under way on another thread, or a new one by `load`.
  ///
  /// A follower waits within its own context, and leads when the leader fails; so each caller's `load` runs at most once, on
  /// the caller's thread.
  /// - Parameters:
  ///   - servesStale: whether a failure may be covered by an answer beyond its time: the backend's may, a caller's never.
  ///   - load: does the call.
  package func value<Failure: Error>(
    _ key: CacheKey, _ context: CallContext, servesStale: (Failure) -> Bool,
    load: (CallContext) throws(Failure) -> Value
  ) throws(CallFailure<Failure>) -> Answer {
    guard key.isComplete else {
      do throws(Failure) { return Answer(try load(context), .loaded) } catch { throw .failed(error) }
    }
    var call = Call(key: key, hash: key.hash(seed), generation: generations.current(key.scope))
    switch begin(&call) {
    case .hit(let entry, let now):
      counts.add(Count.hits.rawValue)
      if let events, events.wants(.debug) { events.emit(.cacheHit(key.operation)) }
      return Answer(entry.value, .cached, age: entry.age(at: now))
    case .lead(let flight):
      counts.add(Count.misses.rawValue)
      return try lead(flight, call, context, servesStale, load)
    case .follow(let flight, let follower):
      counts.add(Count.misses.rawValue)
      switch flight.wait(follower, lock, context, giveUp: { giveUp(flight, call) }) {
      case .served(let value):
        counts.add(Count.joined.rawValue)
        return Answer(value, .joined)
      case .leads:
        return try lead(flight, call, context, servesStale, load)
      case .interrupted(let interruption):
        if interruption == .deadlineExceeded, let answer = staleAnswer(call) { return answer }
        throw .interrupted(interruption)
      }
    }
  }

  /// One call that asks.
  private struct Call {
    let key: CacheKey
    let hash: UInt64
    /// Of the scope, before anything was sent.
    let generation: UInt64
    /// Whether the answer may be kept.
    var mayKeep = false
    /// What the cache has beyond its time to live.
    var expired: Entry?

    init(key: CacheKey, hash: UInt64, generation: UInt64) {
      self.key = key
      self.hash = hash
      self.generation = generation
    }

    var flightKey: FlightKey { FlightKey(key: key, hash: hash, generation: generation) }
  }

  private enum Begin {
    case hit(Entry, now: UInt64)
    case lead(Flight<Value>)
    case follow(Flight<Value>, Flight<Value>.Follower)
  }

  private func begin(_ call: inout Call) -> Begin {
    let now = environment.now()
    var parking: (any Parking)?
    // Let go of when no lock is held.
    var discarded: [Entry] = []
    while true {
      if let begin = lock.withLock({ begin(&call, now, parking, &discarded) }) { return begin }
      parking = environment.makeParking()
    }
  }

  /// Under the lock: what this call is to do; nil when it must come again with a place to wait.
  private func begin(
    _ call: inout Call, _ now: UInt64, _ parking: (any Parking)?, _ discarded: inout [Entry]
  ) -> Begin? {
    switch table.find(call.key, hash: call.hash, generation: call.generation, now: now, discarded: &discarded) {
    case .fresh(let entry): return .hit(entry, now: now)
    case .expired(let entry): call.expired = entry
    case .nothing: break
    }
    call.mayKeep = !quiet.isQuiet(call.key.scope, at: now)
    if epoch != processEpoch {
      // After a fork nobody leads the flights of the parent.
      flights = [:]
      epoch = processEpoch
    }
    if let flight = flights[call.flightKey] {
      guard let parking else { return nil }
      return .follow(flight, flight.join(parking))
    }
    let flight = Flight<Value>()
    flights[call.flightKey] = flight
    return .lead(flight)
  }

  private func lead<Failure: Error>(
    _ flight: Flight<Value>, _ call: Call, _ context: CallContext, _ servesStale: (Failure) -> Bool,
    _ load: (CallContext) throws(Failure) -> Value
  ) throws(CallFailure<Failure>) -> Answer {
    let value: Value
    do throws(Failure) {
      value = try load(context)
    } catch {
      let next = lock.withLock { giveUp(flight, call) }
      next?.parking.wake()
      if servesStale(error), let answer = staleAnswer(call) { return answer }
      throw .failed(error)
    }
    land(flight, call, value)
    return Answer(value, .loaded)
  }

  private func land(_ flight: Flight<Value>, _ call: Call, _ value: Value) {
    let bytes = max(cost(value), 0).addingReportingOverflow(call.key.bytes.count + CacheEntry<Value>.overhead)
    let entry = Entry(
      key: call.key, hash: call.hash, value: value, bytes: bytes.overflow ? .max : bytes.partialValue,
      generation: call.generation, storedAt: environment.now())
    var discarded: [Entry] = []
    let followers = lock.withLock { () -> [Flight<Value>.Follower] in
      // A write since then made the answer outdated, or soon will: the generation is raised before it is sent.
      if call.mayKeep, generations.current(call.key.scope) == call.generation {
        table.store(entry, discarded: &discarded)
      }
      remove(flight, call)
      return flight.land(value)
    }
    for follower in followers { follower.parking.wake() }
  }

  /// Under the lock: the leader does not do the work. Who is to be woken to do it.
  private func giveUp(_ flight: Flight<Value>, _ call: Call) -> Flight<Value>.Follower? {
    if let next = flight.appoint() { return next }
    remove(flight, call)
    return nil
  }

  private func remove(_ flight: Flight<Value>, _ call: Call) {
    if flights[call.flightKey] === flight { flights[call.flightKey] = nil }
  }

  private func staleAnswer(_ call: Call) -> Answer? {
    guard let entry = call.expired, generations.current(call.key.scope) == call.generation else { return nil }
    let now = environment.now()
    guard lock.withLock({ table.servesStale(entry, now: now) }) else { return nil }
    counts.add(Count.stale.rawValue)
    let age = entry.age(at: now)
    if let events, events.wants(.warning) { events.emit(.cacheServedStale(call.key.operation, age: age)) }
    return Answer(entry.value, .stale, age: age)
  }
}

/// What tells flights apart: the call, and the generation in which it was sent, so that nobody who comes after a write gets
/// the answer of a call that was sent before it.
private struct FlightKey: Hashable {
  let key: CacheKey
  let hash: UInt64
  let generation: UInt64

  static func == (left: FlightKey, right: FlightKey) -> Bool {
    left.hash == right.hash && left.generation == right.generation && left.key.equals(right.key)
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(hash)
    hasher.combine(generation)
  }
}
