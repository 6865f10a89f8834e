import CSupport
import Support

/// A filter made ready to run: its leaves in a row, each with the leaf to go on with when it holds and when it does not.
///
/// So `and`, `or` and `not` cost nothing at run time, evaluation stops as soon as the answer is known, and no reference
/// count is touched for a record, which threads sharing a filter would fight over. Memory is its own, never changed after
/// `init`.
final class FilterProgram: @unchecked Sendable {
  private let leaves: UnsafeMutableBufferPointer<FilterLeaf>
  /// Keys, strings and sets that the leaves point into.
  private let texts: UnsafeMutableBufferPointer<UInt8>
  private let strings: UnsafeMutableBufferPointer<UnsafeRawBufferPointer>
  private let numbers: UnsafeMutableBufferPointer<Double>
  let entry: Int

  var allLeaves: UnsafeBufferPointer<FilterLeaf> { UnsafeBufferPointer(leaves) }

  init(_ expression: FilterExpression) {
    var builder = FilterBuilder()
    entry = builder.add(expression, onTrue: FilterLeaf.accept, onFalse: FilterLeaf.refuse)
    texts = .allocate(capacity: builder.texts.count)
    _ = texts.initialize(from: builder.texts)
    numbers = .allocate(capacity: builder.numbers.count)
    _ = numbers.initialize(from: builder.numbers)
    strings = .allocate(capacity: builder.strings.count)
    let allTexts = UnsafeRawBufferPointer(texts)
    _ = strings.initialize(from: builder.strings.map { UnsafeRawBufferPointer(rebasing: allTexts[$0]) })
    leaves = .allocate(capacity: builder.leaves.count)
    for (index, draft) in builder.leaves.enumerated() {
      let key = UnsafeRawBufferPointer(rebasing: allTexts[draft.key])
      let start = FilterLeaf.start(of: key)
      leaves.initializeElement(
        at: index,
        to: FilterLeaf(
          test: draft.test, key: key, keyStart: start.word, keyMask: start.mask,
          text: UnsafeRawBufferPointer(rebasing: allTexts[draft.text]),
          number: draft.number,
          strings: UnsafeBufferPointer(rebasing: strings[draft.strings]),
          numbers: UnsafeBufferPointer(rebasing: numbers[draft.numbers]),
          onTrue: draft.onTrue, onFalse: draft.onFalse))
    }
  }

  deinit {
    leaves.deallocate()
    texts.deallocate()
    strings.deallocate()
    numbers.deallocate()
  }

  func matches(_ entry: UnsafeRawBufferPointer) -> Bool {
    var at = self.entry
    guard let first = leaves.baseAddress else { return at == FilterLeaf.accept }
    while at >= 0 {
      let leaf = first + at
      at = leaf.pointee.holds(for: entry) ? leaf.pointee.onTrue : leaf.pointee.onFalse
    }
    return at == FilterLeaf.accept
  }
}

/// Leaves while they are being collected: ranges instead of pointers, since the arrays still move.
private struct FilterBuilder {
  struct Draft {
    var test: FilterLeaf.Test
    var key: Range<Int>
    var text = 0..<0
    var number = 0.0
    var strings = 0..<0
    var numbers = 0..<0
    var onTrue: Int
    var onFalse: Int
  }

  var leaves: [Draft] = []
  var texts: [UInt8] = []
  var strings: [Range<Int>] = []
  var numbers: [Double] = []

  /// Adds an expression and returns where its evaluation begins. Depth-first, as deep as the expression.
  mutating func add(_ expression: FilterExpression, onTrue: Int, onFalse: Int) -> Int {
    switch expression {
    case .and(let parts):
      var next = onTrue
      for part in parts.reversed() { next = add(part, onTrue: next, onFalse: onFalse) }
      return next
    case .or(let parts):
      var next = onFalse
      for part in parts.reversed() { next = add(part, onTrue: onTrue, onFalse: next) }
      return next
    case .not(let inner):
      return add(inner, onTrue: onFalse, onFalse: onTrue)
    case .equals(let key, let value):
      return add(.equal(value), key: key, value, onTrue: onTrue, onFalse: onFalse)
    case .compares(let key, let comparison, let value):
      guard let test = FilterLeaf.Test.comparison(comparison, value) else { return onFalse }
      return add(test, key: key, value, onTrue: onTrue, onFalse: onFalse)
    case .exists(let key):
      return append(Draft(test: .exists, key: place(key.bytes), onTrue: onTrue, onFalse: onFalse))
    case .oneOf(let key, let values):
      return add(oneOf: values, key: key, onTrue: onTrue, onFalse: onFalse)
    }
  }

  private mutating func add(
    _ test: FilterLeaf.Test, key: ByteString, _ value: MetadataScalar, onTrue: Int, onFalse: Int
  ) -> Int {
    var draft = Draft(test: test, key: place(key.bytes), onTrue: onTrue, onFalse: onFalse)
    switch value {
    case .string(let string): draft.text = place(string.bytes)
    case .number(let number): draft.number = number
    case .bool: break
    }
    return append(draft)
  }

  /// A leaf for the strings, one for the numbers, one for each bool: the first that holds decides.
  private mutating func add(oneOf values: [MetadataScalar], key: ByteString, onTrue: Int, onFalse: Int) -> Int {
    var chosenStrings: [ByteString] = []
    var chosenNumbers: [Double] = []
    var next = onFalse
    for value in Set(values) {
      switch value {
      case .string(let string): chosenStrings.append(string)
      case .number(let number): chosenNumbers.append(number)
      case .bool: next = add(.equal(value), key: key, value, onTrue: onTrue, onFalse: next)
      }
    }
    if !chosenNumbers.isEmpty {
      var draft = Draft(test: .numberIn, key: place(key.bytes), onTrue: onTrue, onFalse: next)
      draft.numbers = numbers.count..<(numbers.count + chosenNumbers.count)
      numbers += chosenNumbers.sorted()
      next = append(draft)
    }
    if !chosenStrings.isEmpty {
      var draft = Draft(test: .stringIn, key: place(key.bytes), onTrue: onTrue, onFalse: next)
      draft.strings = strings.count..<(strings.count + chosenStrings.count)
      for string in chosenStrings.sorted() { strings.append(place(string.bytes)) }
      next = append(draft)
    }
    return next
  }

  private mutating func append(_ draft: Draft) -> Int {
    leaves.append(draft)
    return leaves.count - 1
  }

  private mutating func place(_ bytes: [UInt8]) -> Range<Int> {
    let start = texts.count
    texts += bytes
    return start..<texts.count
  }
}
