/// Under which generation an attempt was permitted.
///
/// Both generations that bear on a class and whether both circuits are closed, in one word: while the word of the class is
/// the ticket's, nothing has changed since.
package struct BreakerTicket: Equatable, Sendable {
  package let word: UInt64

  init(word: UInt64) { self.word = word }

  init(own: UInt32, reachability: UInt32, isClosed: Bool) {
    word = UInt64(own) << 32 | UInt64(reachability & 0x7fff_ffff) << 1 | (isClosed ? 0 : 1)
  }

  var isClosed: Bool { word & 1 == 0 }

  /// Generation of the class's own machine.
  var own: UInt32 { UInt32(truncatingIfNeeded: word >> 32) }

  /// Lower 31 bits of the generation of `reachability`.
  var reachability: UInt32 { UInt32(truncatingIfNeeded: word >> 1) & 0x7fff_ffff }
}
