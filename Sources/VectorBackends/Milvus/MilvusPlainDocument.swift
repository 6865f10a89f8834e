import CSupport
import Support

/// A quick look at a JSON document: it knows the plain ones, which nearly all are, and takes nothing apart.
///
/// A plain document is one that any reader of JSON takes: an object of strings, numbers, bools, nulls and lists of them, without
/// an escape in its keys, a `\u` in its strings or an exponent in its numbers. What is not plain may be fine all the same: a
/// real parser says.
struct MilvusPlainDocument {
  private var at: UnsafePointer<UInt8>
  private let end: UnsafePointer<UInt8>
  private let prefix: UnsafeRawBufferPointer
  /// All bytes of strings, one over the other: shows whether any is beyond ASCII.
  private var mixed: UInt8 = 0

  /// Bytes of the longest document that is looked at: readers of JSON have limits that longer ones may come to.
  private static let longest = 1 << 16
  /// Digits that no double exceeds.
  private static let longestNumber = 300

  /// Whether a document is plain and has no key that begins with `prefix`.
  static func isPlain(_ document: UnsafeRawBufferPointer, withoutKeysOn prefix: UnsafeRawBufferPointer) -> Bool {
    guard let base = document.baseAddress, document.count <= longest else { return false }
    var scan = MilvusPlainDocument(base.assumingMemoryBound(to: UInt8.self), document.count, prefix)
    guard scan.object() else { return false }
    return scan.mixed < 0x80 || vdb_utf8_valid_prefix(base, document.count) == document.count
  }

  private init(_ base: UnsafePointer<UInt8>, _ count: Int, _ prefix: UnsafeRawBufferPointer) {
    (at, end) = (base, base + count)
    self.prefix = prefix
  }

  /// The whole document.
  private mutating func object() -> Bool {
    guard takes(UInt8(ascii: "{")) else { return false }
    if !takes(UInt8(ascii: "}")) {
      repeat {
        guard key(), takes(UInt8(ascii: ":")), value() else { return false }
      } while takes(UInt8(ascii: ","))
      guard takes(UInt8(ascii: "}")) else { return false }
    }
    skipSpace()
    return at == end
  }

  private mutating func key() -> Bool {
    guard takes(UInt8(ascii: "\"")) else { return false }
    let start = at
    guard string(mayEscape: false) else { return false }
    let key = UnsafeRawBufferPointer(start: start, count: at - start - 1)
    return key.count < prefix.count
      || compareBytes(UnsafeRawBufferPointer(rebasing: key.prefix(prefix.count)), prefix) != 0
  }

  private mutating func value() -> Bool {
    guard takes(UInt8(ascii: "[")) else { return scalar() }
    if takes(UInt8(ascii: "]")) { return true }
    repeat {
      guard scalar() else { return false }
    } while takes(UInt8(ascii: ","))
    return takes(UInt8(ascii: "]"))
  }

  private mutating func scalar() -> Bool {
    skipSpace()
    guard at < end else { return false }
    switch at.pointee {
    case UInt8(ascii: "\""):
      at += 1
      return string(mayEscape: true)
    case UInt8(ascii: "t"): return word("true")
    case UInt8(ascii: "f"): return word("false")
    case UInt8(ascii: "n"): return word("null")
    default: return number()
    }
  }

  /// A string whose opening quote was taken.
  private mutating func string(mayEscape: Bool) -> Bool {
    // Of its own: the loop over each byte then runs in registers.
    var (next, mixed) = (at, self.mixed)
    while next < end {
      let byte = next.pointee
      next += 1
      if byte == UInt8(ascii: "\"") {
        (at, self.mixed) = (next, mixed)
        return true
      }
      if byte < 0x20 { return false }
      if byte == UInt8(ascii: "\\") {
        guard mayEscape, next < end, Self.isSimpleEscape(next.pointee) else { return false }
        next += 1
      }
      mixed |= byte
    }
    return false
  }

  private static func isSimpleEscape(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      true
    default: false
    }
  }

  private mutating func number() -> Bool {
    let start = at
    if at < end, at.pointee == UInt8(ascii: "-") { at += 1 }
    let isZero = at < end && at.pointee == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, whole == 1 || !isZero else { return false }
    if at < end, at.pointee == UInt8(ascii: ".") {
      at += 1
      guard digits() > 0 else { return false }
    }
    // An exponent, or anything else that follows, is for the caller, who expects none.
    return at - start <= Self.longestNumber
  }

  /// Takes all digits; returns how many there were.
  private mutating func digits() -> Int {
    let start = at
    var next = at
    while next < end, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next.pointee) { next += 1 }
    at = next
    return next - start
  }

  private mutating func word(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard end - at >= count, vdb_compare_memory(at, word.utf8Start, count) == 0 else { return false }
    at += count
    return true
  }

  /// Takes a byte, after space, if it comes next.
  private mutating func takes(_ byte: UInt8) -> Bool {
    skipSpace()
    guard at < end, at.pointee == byte else { return false }
    at += 1
    return true
  }

  private mutating func skipSpace() {
    // All space is at most 0x20, and all that may come behind it is more.
    while at < end, at.pointee <= 0x20 {
      switch at.pointee {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      default: return
      }
    }
  }
}
