/// Which columns a read fills beside ids.
package struct Include: OptionSet, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  // What every read asks of it, and an empty one: the standard library's own, unspecialised across modules, take hundreds
  // of instructions.
  package init() { rawValue = 0 }
  package func contains(_ member: Include) -> Bool { rawValue & member.rawValue == member.rawValue }

  package static let metadata = Include(rawValue: 1)
  package static let vectors = Include(rawValue: 2)
}
