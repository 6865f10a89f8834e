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
    header(UInt8(ascii: "*"), arguments)
    count += 1
  }

  /// One argument.
  package mutating func add(_ argument: UnsafeRawBufferPointer) {
    header(UInt8(ascii: "$"), argument.count)
    put(argument)
    put("\r\n")
  }

  /// One argument in two pieces.
  package mutating func add(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) {
    header(UInt8(ascii: "$"), first.count &+ second.count)
    put(first)
    put(second)
    put("\r\n")
  }

  /// A word of the protocol.
  package mutating func add(word argument: StaticString) {
    argument.withUTF8Buffer { add(UnsafeRawBufferPointer($0)) }
  }

  package mutating func add(_ argument: ByteString) {
    argument.bytes.withUnsafeBytes { add($0) }
  }

  package mutating func add(_ number: Int) { add(ByteString("\(number)")) }

  /// A whole command.
  package mutating func command(_ name: StaticString, _ arguments: ByteString...) {
    begin(1 + arguments.count)
    add(word: name)
    for argument in arguments { add(argument) }
  }

  /// Forgets all commands and keeps the memory.
  package mutating func removeAll() {
    bytes.truncate(to: 0)
    count = 0
  }

  private mutating func header(_ kind: UInt8, _ number: Int) {
    guard bytes.reserve(24), let start = bytes.extend(by: 24) else { return failed = true }
    start[0] = kind
    var digits = 1
    var rest = max(number, 0)
    while rest >= 10 {
      digits += 1
      rest /= 10
    }
    rest = max(number, 0)
    for place in stride(from: digits, to: 0, by: -1) {
      start[place] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
      rest /= 10
    }
    start[digits + 1] = 0x0D
    start[digits + 2] = 0x0A
    bytes.truncate(to: bytes.count - 24 + digits + 3)
  }

  private mutating func put(_ part: UnsafeRawBufferPointer) {
    if !bytes.append(bytes: part) { failed = true }
  }

  private mutating func put(_ part: StaticString) {
    part.withUTF8Buffer { put(UnsafeRawBufferPointer($0)) }
  }
}
