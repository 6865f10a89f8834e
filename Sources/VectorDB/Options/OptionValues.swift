import Support
import VectorModel

/// Reads a document of options. Its length is bounded, since names and values are copied out of it.
func optionsDocument(_ text: UnsafeRawBufferPointer, _ what: String) throws(VectorError) -> JSONDocument {
  guard text.count <= 1 << 20 else {
    throw VectorError(.tooLarge, "\(what) are \(text.count) bytes long, expected at most 1 MiB")
  }
  // Names and values become Swift strings; the declared fields a dictionary.
  guard isMemoryAvailable(32 * text.count) else {
    throw VectorError(.outOfMemory, "not enough memory for \(what) of \(text.count) bytes")
  }
  return try JSONDocument(text, what: what)
}

/// Readings of option values. Errors are INVALID_OPTION, name the option and what was expected.
extension JSONValue {
  /// The members of an object whose keys differ, in the order of the text.
  func options(_ what: String) throws(VectorError) -> Members {
    guard kind == .object else { throw VectorError(.invalidOption, "\(what) is \(kindName), expected an object") }
    if let key = try document.duplicateKey(of: self) {
      throw VectorError(.invalidOption, "\(what) gives \(quoted(key)) twice")
    }
    return members
  }

  func string(_ option: String) throws(VectorError) -> ByteString {
    guard let string else { throw refused(option, "a string") }
    return string
  }

  func boolean(_ option: String) throws(VectorError) -> Bool {
    guard let value = bool else { throw refused(option, "true or false") }
    return value
  }

  func integer(_ option: String, _ range: ClosedRange<Int>) throws(VectorError) -> Int {
    guard let integer, let value = Int(exactly: integer), range.contains(value) else {
      throw refused(option, "an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  /// A duration written in seconds.
  func milliseconds(_ option: String) throws(VectorError) -> UInt64 {
    guard let seconds = double, seconds > 0, seconds <= 1e9 else {
      throw refused(option, "seconds above 0, at most 1e9")
    }
    return UInt64(max(1, (seconds * 1000).rounded()))
  }

  /// A duration from 0 to some 30 years, written in units of `unit` seconds.
  func duration(_ option: String, _ unit: Double) throws(VectorError) -> Duration {
    guard let value = double, value >= 0, value * unit <= 1e9 else {
      throw refused(option, unit == 1 ? "seconds from 0 to 1e9" : "milliseconds from 0 to 1e12")
    }
    return .seconds(value * unit)
  }

  func number(_ option: String) throws(VectorError) -> Double {
    guard let value = double, value.isFinite else { throw refused(option, "a number") }
    return value
  }

  func choice(_ option: String, _ known: [String]) throws(VectorError) -> String {
    let expected = known.joined(separator: ", ")
    guard let string else { throw refused(option, "one of \(expected)") }
    if let value = known.first(where: { ByteString($0) == string }) { return value }
    let hint = nearestName(to: string.text, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
    throw VectorError(
      .invalidOption, "option \"\(option)\" is \(quoted(string)), expected one of \(expected)\(hint)")
  }

  /// `false`, `null` or `{"enabled": false}`: the ways to say that a thing is not wanted.
  var isOff: Bool {
    switch kind {
    case .null: true
    case .bool: bool == false
    case .object: count == 1 && self["enabled"]?.bool == false
    default: false
    }
  }

  private func refused(_ option: String, _ expected: String) -> VectorError {
    VectorError(.invalidOption, "option \"\(option)\" is \(shown), expected \(expected)")
  }

  /// The value for messages: what it is, and its text where that is short.
  private var shown: String {
    switch kind {
    case .string: string.map { quoted($0) } ?? kindName
    case .integer, .number: integer.map { "\($0)" } ?? double.map { "\($0)" } ?? kindName
    case .bool: bool == true ? "true" : "false"
    case .null, .array, .object: kindName
    }
  }
}
