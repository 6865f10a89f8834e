import Support

/// Who has which connection of a pool, who waits for one, and which have to end.
///
/// Without clock, lock, I/O or chance: times are nanoseconds of one clock and come in as arguments, connections are places
/// `0 ..< hardLimit` whose content the shell keeps. Somebody waits only while every place is taken, so whoever comes new
/// cannot overtake those who wait. All steps are O(1) but `giveUp`, `close` and `closeExpired`, which are linear.
package struct PoolStateMachine<Waiter: Equatable> {
  /// The right to one place: to open a connection there or to use the one it has.
  package struct Grant: Equatable {
    /// Never given out twice; its low bits are the place.
    package let number: UInt64
    /// Whether the connection of the place served somebody before.
    package let isReused: Bool

    package var place: Int { Int(truncatingIfNeeded: number & 0xffff) }
  }

  /// What a caller that wants a connection has to do.
  package enum Decision: Equatable {
    /// The connection is the caller's.
    case use(Grant)
    /// The connection is the caller's if it still works; else `checkFailed`.
    case check(Grant)
    /// The caller opens a connection; then `opened` or `openFailed`.
    case open(Grant)
    /// The caller waits in the queue.
    case wait
    /// The pool was closed.
    case closed
  }

  /// What a waiter is handed: `.use` or `.open`.
  package struct Handover {
    package let waiter: Waiter
    package let decision: Decision
  }

  /// A connection the caller has to close, before it does anything else, and then to report with `ended`: until then it
  /// counts, for a hard limit holds for what the backend sees too.
  package struct Ending {
    package let place: Int
    package let reason: StaticString
  }

  private enum Use: Equatable {
    case vacant
    case opening
    case leased
    case idle(since: UInt64)
    case closing
  }

  private struct Place {
    var use = Use.vacant
    /// The grant that holds it, 0 without one.
    var holder: UInt64 = 0
    var expires: UInt64 = 0
    var isReused = false
  }

  private let rules: PoolRules
  private var places: [Place] = []
  private var vacant: [Int] = []
  /// Idle places by the time they came back, oldest first; the newest is lent first, so that surplus ones grow old.
  private var idle = Fifo<Int>()
  private var waiting = Fifo<Waiter>()
  private var grants: UInt64 = 0
  /// A used connection turned out dead at that time: what lay idle then is checked before it is lent.
  private var suspectUntil: UInt64?
  package private(set) var isClosed = false
  package private(set) var leasedCount = 0
  package private(set) var openingCount = 0
  /// Leases ever granted: connections handed out, not permissions to open one.
  package private(set) var leases: UInt64 = 0

  package init(_ rules: PoolRules) { self.rules = rules }

  package var idleCount: Int { idle.count }
  package var waitingCount: Int { waiting.count }
  package var existingCount: Int { idle.count + leasedCount + openingCount }

  // MARK: - Getting one

  /// A connection for a caller. When all places are taken, `waiter` joins the queue; nil only asks.
  ///
  /// `fresh` asks for one that did not lie idle: for a new one, or out of the queue one that has just come back.
  package mutating func lease(_ waiter: Waiter?, fresh: Bool = false, now: UInt64) -> (Decision, [Ending]) {
    if isClosed { return (.closed, []) }
    var endings: [Ending] = []
    if fresh, vacant.isEmpty, places.count == rules.hardLimit, let place = idle.popOldest() {
      endings.append(end(place, "suspect"))
    }
    while !fresh, let place = idle.popNewest() {
      guard case .idle(let since) = places[place].use else { continue }
      if let reason = whyEnded(place, since, now) {
        endings.append(end(place, reason))
        continue
      }
      let grant = hold(place, .leased)
      let isSuspect = suspectUntil.map { since <= $0 } ?? false
      return (isSuspect || now.since(since) >= rules.checkAfterIdle ? .check(grant) : .use(grant), endings)
    }
    if let place = endings.last?.place ?? vacancy() { return (.open(hold(place, .opening)), endings) }
    if let waiter { waiting.append(waiter) }
    return (.wait, endings)
  }

  /// The caller's `check` found the connection dead: another one, without queueing again.
  package mutating func checkFailed(_ grant: Grant, now: UInt64) -> (Decision, [Ending]) {
    guard release(grant.number) else { return (.closed, []) }
    let dead = end(grant.place, "dead")
    if isClosed { return (.closed, [dead]) }
    // Only what is idle: a waiter may be handed the vacancy that is left, never the other way round.
    if idle.isEmpty { return (.open(hold(grant.place, .opening)), [dead]) }
    let (decision, endings) = lease(nil, now: now)
    return (decision, [dead] + endings)
  }

  /// The connection is open. False when the pool was closed meanwhile: the place is gone, the caller closes it.
  ///
  /// `chance` is a random number, by which its life is shortened.
  package mutating func opened(_ grant: Grant, now: UInt64, chance: UInt64) -> Bool {
    guard release(grant.number) else { return false }
    if isClosed {
      vacate(grant.place)
      return false
    }
    occupy(grant.place, .leased, grant.number)
    places[grant.place].expires = now.addingClamped(rules.life(chance))
    places[grant.place].isReused = false
    return true
  }

  /// Opening failed: whoever waits first may try.
  package mutating func openFailed(_ grant: Grant) -> Handover? {
    guard release(grant.number) else { return nil }
    vacate(grant.place)
    return handVacancy()
  }

  // MARK: - Giving it back

  /// A lease ends. An unknown number, or one that ended before, changes nothing.
  package mutating func giveBack(_ number: UInt64, reusable: Bool, now: UInt64) -> (Handover?, [Ending]) {
    guard release(number) else { return (nil, []) }
    let place = Grant(number: number, isReused: false).place
    if !reusable && places[place].isReused { suspectUntil = now }
    if let reason = whyReturnedEnds(place, reusable, now) {
      return (nil, [end(place, reason)])
    }
    places[place].isReused = true
    if let waiter = waiting.popOldest() { return (Handover(waiter: waiter, decision: .use(hold(place, .leased))), []) }
    places[place].use = .idle(since: now)
    idle.append(place)
    return (nil, endOldest(now))
  }

  /// A waiter stops waiting. False when it was handed a place before: it has to give that back or use it.
  package mutating func giveUp(_ waiter: Waiter) -> Bool { waiting.remove(waiter) }

  // MARK: - Ending

  /// The connections have been closed: their places are free for whoever waits first.
  package mutating func ended(_ closed: [Int]) -> [Handover] {
    for place in closed where places.indices.contains(place) && places[place].use == .closing { vacate(place) }
    var handovers: [Handover] = []
    while let handover = handVacancy() { handovers.append(handover) }
    return handovers
  }

  /// Ends connections that were idle or alive for too long. For a caller that comes by now and then.
  package mutating func closeExpired(now: UInt64) -> [Ending] {
    var endings: [Ending] = []
    var kept = Fifo<Int>()
    while let place = idle.popOldest() {
      guard case .idle(let since) = places[place].use else { continue }
      if let reason = whyEnded(place, since, now) {
        endings.append(end(place, reason))
      } else {
        kept.append(place)
      }
    }
    idle = kept
    return endings
  }

  /// No further leases. Idle connections end now, leased ones when they come back, those being opened when they are open.
  package mutating func close() -> (waiters: [Waiter], endings: [Ending]) {
    isClosed = true
    var waiters: [Waiter] = []
    while let waiter = waiting.popOldest() { waiters.append(waiter) }
    var endings: [Ending] = []
    while let place = idle.popOldest() {
      endings.append(end(place, "closed"))
    }
    return (waiters, endings)
  }

  /// Forgets every connection, lease and waiter: in a forked child they belong to the parent. Numbers go on counting, so
  /// that a lease from before the fork stays unknown.
  package mutating func forget() {
    var next = PoolStateMachine(rules)
    next.grants = grants
    next.isClosed = isClosed
    next.leases = leases
    self = next
  }

  // MARK: - Places

  private func whyEnded(_ place: Int, _ since: UInt64, _ now: UInt64) -> StaticString? {
    if places[place].expires <= now { return "lifetime" }
    return now.since(since) >= rules.idleTimeout ? "idle" : nil
  }

  private func whyReturnedEnds(_ place: Int, _ reusable: Bool, _ now: UInt64) -> StaticString? {
    if !reusable { return "broken" }
    if isClosed { return "closed" }
    if places[place].expires <= now { return "lifetime" }
    return waiting.isEmpty && existingCount >= rules.softLimit ? "surplus" : nil
  }

  /// Up to two of the longest idle, so that idle ones end in a pool that is used, at a bounded cost a call.
  private mutating func endOldest(_ now: UInt64) -> [Ending] {
    var endings: [Ending] = []
    while endings.count < 2, let place = idle.oldest, case .idle(let since) = places[place].use,
      let reason = whyEnded(place, since, now)
    {
      _ = idle.popOldest()
      endings.append(end(place, reason))
    }
    return endings
  }

  private mutating func handVacancy() -> Handover? {
    guard !waiting.isEmpty, let place = vacancy(), let waiter = waiting.popOldest() else { return nil }
    return Handover(waiter: waiter, decision: .open(hold(place, .opening)))
  }

  private mutating func vacancy() -> Int? {
    if let place = vacant.popLast() { return place }
    guard places.count < rules.hardLimit else { return nil }
    places.append(Place())
    return places.count - 1
  }

  private mutating func end(_ place: Int, _ reason: StaticString) -> Ending {
    places[place] = Place(use: .closing)
    return Ending(place: place, reason: reason)
  }

  private mutating func vacate(_ place: Int) {
    places[place] = Place()
    vacant.append(place)
  }

  private mutating func hold(_ place: Int, _ use: Use) -> Grant {
    grants &+= 1
    let grant = Grant(number: grants << 16 | UInt64(place), isReused: places[place].isReused)
    occupy(place, use, grant.number)
    return grant
  }

  private mutating func occupy(_ place: Int, _ use: Use, _ number: UInt64) {
    places[place].use = use
    places[place].holder = number
    if use == .opening {
      openingCount += 1
    } else {
      leasedCount += 1
      leases &+= 1
    }
  }

  /// Ends what `hold` began; false for a number that holds nothing.
  private mutating func release(_ number: UInt64) -> Bool {
    let place = Grant(number: number, isReused: false).place
    guard number != 0, places.indices.contains(place), places[place].holder == number else { return false }
    if places[place].use == .opening { openingCount -= 1 } else { leasedCount -= 1 }
    places[place].holder = 0
    return true
  }
}
