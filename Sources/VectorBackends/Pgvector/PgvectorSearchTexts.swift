import Support

/// The SQL of searches of one table that differ in nothing but their values, each made once.
final class PgvectorSearchTexts: Sendable {
  /// What decides the SQL of a search without a filter.
  struct Form: Hashable {
    let fetched: Int
    let include: UInt32
    let isExact: Bool
    let isSelective: Bool
  }

  /// A program that asks for ever other numbers of hits has its texts made anew now and then.
  private static let most = 64

  private let lock = Lock(.leaf)
  nonisolated(unsafe) private var texts: [Form: ByteString] = [:]

  /// The text of a form, made by `make` when it was not asked for before.
  func text(_ form: Form, _ make: () -> ByteString) -> ByteString {
    if let known = lock.withLock({ texts[form] }) { return known }
    let made = make()
    lock.withLock {
      if texts.count >= Self.most { texts = [:] }
      texts[form] = made
    }
    return made
  }
}
