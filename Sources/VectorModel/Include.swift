/// Which columns a read fills beside ids.
package struct Include: OptionSet, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }

  package static let metadata = Include(rawValue: 1)
  package static let vectors = Include(rawValue: 2)
}
