/// What is to happen to one attempt.
package struct InjectedFault: Error, Equatable, Sendable {
  /// How the attempt ends.
  package enum Ending: Sendable, Equatable {
    /// As it would without us; only later.
    case untouched
    case error, throttle, unreachable, stall, lostReply, partial
  }

  package let ending: Ending
  /// Nanoseconds it takes longer.
  package let delay: UInt64
  /// Chance for what is decided item by item.
  let salt: UInt64

  package init(_ ending: Ending, delay: UInt64 = 0, salt: UInt64 = 0) {
    self.ending = ending
    self.delay = delay
    self.salt = salt
  }

  /// As events and error messages write it.
  package var name: StaticString {
    switch ending {
    case .untouched: "delay"
    case .error: "error"
    case .throttle: "throttle"
    case .unreachable: "unreachable"
    case .stall: "stall"
    case .lostReply: "lost_reply"
    case .partial: "partial"
    }
  }

  /// Whether that item of a batch is answered "cannot serve now".
  func fails(item: Int) -> Bool { ending == .partial && mix(salt &+ UInt64(truncatingIfNeeded: item)) & 1 == 0 }
}

/// Which fault the n-th attempt meets: a pure function of settings, number and time.
struct FaultPlan: Sendable {
  private let settings: FaultSettings
  /// Upper ends of the endings' parts of one draw, ascending.
  private let parts: [(end: Double, ending: InjectedFault.Ending)]

  init(_ settings: FaultSettings) {
    self.settings = settings
    var end = 0.0
    let rates: [(Double, InjectedFault.Ending)] = [
      (settings.errorRate, .error), (settings.throttleRate, .throttle), (settings.unreachableRate, .unreachable),
      (settings.stallRate, .stall), (settings.lostReplyRate, .lostReply), (settings.partialRate, .partial),
    ]
    parts = rates.map { rate, ending in
      end += rate
      return (end, ending)
    }
  }

  /// The fault of attempt `number`, begun `elapsed` nanoseconds after the start; nil for none.
  func fault(_ number: UInt64, elapsed: UInt64) -> InjectedFault? {
    let milliseconds = elapsed / 1_000_000
    for outage in settings.outages {
      let start = UInt64(max(outage.afterMs, 0))
      if milliseconds >= start, milliseconds - start < UInt64(max(outage.forMs, 0)) {
        return InjectedFault(.unreachable)
      }
    }
    let salt = mix(mix(settings.seed) &+ number)
    let draw = chance(salt, 1)
    let ending = parts.first { draw < $0.end }?.ending ?? .untouched
    var wait = settings.latencyMs * (1 + settings.latencyJitter * (2 * chance(salt, 2) - 1))
    if chance(salt, 3) < settings.spikeRate { wait += settings.spikeMs }
    let delay = UInt64(nanoseconds: wait * 1e6)
    if ending == .untouched, delay == 0 { return nil }
    return InjectedFault(ending, delay: delay, salt: salt)
  }

  /// The `which`-th number from 0 up to 1 that belongs to an attempt.
  private func chance(_ salt: UInt64, _ which: UInt64) -> Double {
    Double(mix(salt &+ which &* 0x9e37_79b9_7f4a_7c15) >> 11) * 0x1p-53
  }
}
