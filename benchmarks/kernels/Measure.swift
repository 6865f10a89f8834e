import Support

/// Something to be timed, and the time of its fastest run: the one that the rest of the machine disturbed least.
final class Case {
  private let body: () -> Void
  private(set) var seconds = Double.infinity

  init(_ body: @escaping () -> Void) { self.body = body }

  func run() {
    let start = monotonicNanoseconds()
    body()
    seconds = min(seconds, Double(monotonicNanoseconds() - start) * 1e-9)
  }

  /// Runs all by turns, so that a disturbance meets each of them and not one alone.
  static func run(_ cases: [Case], rounds: Int) {
    for _ in 0..<rounds { for item in cases { item.run() } }
  }
}

/// Fixed-point text without Foundation.
func decimal(_ value: Double, _ digits: Int = 1) -> String {
  var scale = 1.0
  for _ in 0..<digits { scale *= 10 }
  let scaled = Int((value * scale).rounded())
  let fraction = String(scaled % Int(scale))
  return "\(scaled / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
}

func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

/// `value` in the last columns.
func aligned(_ value: Double, _ width: Int) -> String {
  let text = decimal(value)
  return String(repeating: " ", count: max(0, width - text.count)) + text
}
