import Support

/// Commands one behind the other in one piece of memory, as they go over the wire.
///
/// Everything is sent with its length, so no byte of an argument can become part of a command. Out of memory is remembered, not
/// raised: ask `failed` once, at the end.
package struct RedisCommands {
  package let bytes = ColumnBuffer<UInt8>()
  /// Commands, each of which gets one reply.
  package private(set) var count = 0
  package private(set) var failed = false

  package init() {}

  /// Begins a command of so many arguments, its name among them: they must follow.
  package mutating func begin(_ arguments: Int) {
    put(UInt8(ascii: "*"), arguments, Self.nothing, Self.nothing)
    count += 1
  }

  /// One argument.
  package mutating func add(_ argument: UnsafeRawBufferPointer) { add(argument, Self.nothing) }

  /// One argument in two pieces.
  package mutating func add(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) {
    put(UInt8(ascii: "$"), first.count &+ second.count, first, second)
  }

  /// A word of the protocol.
  package mutating func add(word argument: StaticString) {
    argument.withUTF8Buffer { add(UnsafeRawBufferPointer($0)) }
  }

  package mutating func add(_ argument: ByteString) {
    argument.bytes.withUnsafeBytes { add($0) }
  }

  package mutating func add(_ number: Int) {
    withUnsafeTemporaryAllocation(byteCount: Self.digits, alignment: 1) { text in
      let start = Self.write(number, endingAt: Self.digits, of: text)
      add(UnsafeRawBufferPointer(rebasing: text[start...]))
    }
  }

  /// A whole command.
  package mutating func command(_ name: StaticString, _ arguments: ByteString...) {
    begin(1 + arguments.count)
    add(word: name)
    for argument in arguments { add(argument) }
  }

  /// Makes room for about as many bytes: growing by steps would move them several times.
  package mutating func reserve(_ bytes: Int) { failed = !self.bytes.reserve(bytes) || failed }

  /// Forgets all commands and keeps the memory.
  package mutating func removeAll() {
    bytes.truncate(to: 0)
    count = 0
  }

  private static var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }
  /// Those of the longest number, with its sign.
  private static let digits = 20

  /// A head: its kind, a number, the end of a line; and behind that of an argument its pieces and another end.
  private mutating func put(
    _ kind: UInt8, _ number: Int, _ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer
  ) {
    let room = 1 + Self.digits + 4 + first.count &+ second.count
    guard let start = bytes.extend(by: room) else { return failed = true }
    let output = UnsafeMutableRawBufferPointer(start: start, count: room)
    // Digits come from their end: they are written at the furthest place, then moved to theirs.
    let from = Self.write(number, endingAt: 1 + Self.digits, of: output)
    output[0] = kind
    let digits = 1 + Self.digits - from
    UnsafeMutableRawPointer(start + 1).copyMemory(from: start + from, byteCount: digits)
    var at = 1 + digits
    at = Self.endLine(output, at)
    if kind == UInt8(ascii: "$") {
      at = Self.write(first, output, at)
      at = Self.write(second, output, at)
      at = Self.endLine(output, at)
    }
    bytes.truncate(to: bytes.count - room + at)
  }

  private static func endLine(_ output: UnsafeMutableRawBufferPointer, _ at: Int) -> Int {
    output[at] = 0x0D
    output[at + 1] = 0x0A
    return at + 2
  }

  private static func write(
    _ part: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer, _ at: Int
  ) -> Int {
    guard let from = part.baseAddress, let base = output.baseAddress else { return at }
    (base + at).copyMemory(from: from, byteCount: part.count)
    return at + part.count
  }

  /// Writes a number so that it ends before `end`; returns where it begins.
  private static func write(_ number: Int, endingAt end: Int, of output: UnsafeMutableRawBufferPointer) -> Int {
    var at = end
    var rest = number.magnitude
    repeat {
      at -= 1
      output[at] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
      rest /= 10
    } while rest > 0
    if number < 0 {
      at -= 1
      output[at] = UInt8(ascii: "-")
    }
    return at
  }
}
