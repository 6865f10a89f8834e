import Support

/// Seconds of the fastest of several runs: the run that the rest of the machine disturbed least.
func fastest(runs: Int, _ body: () -> Void) -> Double {
  var best = Double.infinity
  for _ in 0..<runs {
    let start = monotonicNanoseconds()
    body()
    best = min(best, Double(monotonicNanoseconds() - start) * 1e-9)
  }
  return best
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
