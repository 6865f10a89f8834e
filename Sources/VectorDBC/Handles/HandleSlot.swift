import CSupport

/// One place of the handle table: a word of state and the object behind it.
///
/// State bits: 36 generation · 1 open · 27 users. A call holds a user while it works with the object; closing clears
/// "open"; whoever brings a closed slot to zero users frees the object. So closing never waits, and nobody sees a freed
/// object.
struct HandleSlot {
  private(set) var state: UInt64 = 0
  var object: UnsafeRawPointer?
  /// Decides the type of the object; a token whose kind differs is forged.
  var kind: HandleKind = .database

  static let userBits: UInt64 = 27
  static let userMask: UInt64 = (1 << userBits) - 1
  static let openBit: UInt64 = 1 << userBits
  static let generationShift: UInt64 = userBits + 1

  static func generation(_ state: UInt64) -> UInt64 { state >> generationShift }
  static func isOpen(_ state: UInt64) -> Bool { state & openBit != 0 }
  static func users(_ state: UInt64) -> UInt64 { state & userMask }
  static func closed(generation: UInt64) -> UInt64 { generation << generationShift }
  static func opened(generation: UInt64) -> UInt64 { generation << generationShift | openBit }
}

extension UnsafeMutablePointer where Pointee == HandleSlot {
  /// The word of state, for the atomics.
  var word: UnsafeMutablePointer<UInt64> { UnsafeMutableRawPointer(self).assumingMemoryBound(to: UInt64.self) }
}
