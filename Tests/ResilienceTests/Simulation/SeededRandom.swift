import Resilience

/// Chance that can be repeated: the same seed gives the same numbers, on every machine.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  /// Streams of one seed are independent of each other.
  init(_ seed: UInt64, stream: UInt64 = 0) { state = mix(seed &+ mix(stream &+ 0x5eed)) }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    return mix(state)
  }

  /// 0 to below 1.
  mutating func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }

  mutating func happens(_ probability: Double) -> Bool { unit() < probability }

  mutating func below(_ limit: UInt64) -> UInt64 { limit == 0 ? 0 : next() % limit }

  mutating func one<Element>(of choices: [Element]) -> Element { choices[Int(below(UInt64(choices.count)))] }

  /// Exponentially distributed nanoseconds.
  mutating func exponential(mean: UInt64) -> UInt64 { UInt64(-logarithm(1 - unit()) * Double(mean)) }
}
