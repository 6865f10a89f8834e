/// A queue whose newest element can be taken too, and any removed. Amortised O(1) but `remove`, which is linear.
package struct Fifo<Element> {
  private var elements: [Element?] = []
  private var head = 0

  package init() {}

  package var count: Int { elements.count - head }
  package var isEmpty: Bool { head == elements.count }
  package var oldest: Element? { isEmpty ? nil : elements[head] }

  package mutating func append(_ element: Element) { elements.append(element) }

  package mutating func popOldest() -> Element? {
    guard let oldest else { return nil }
    elements[head] = nil
    head += 1
    if head == elements.count {
      elements.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 32, head * 2 >= elements.count {
      elements.removeSubrange(..<head)
      head = 0
    }
    return oldest
  }

  package mutating func popNewest() -> Element? {
    guard !isEmpty, let newest = elements.popLast() else { return nil }
    if isEmpty {
      elements.removeAll(keepingCapacity: true)
      head = 0
    }
    return newest
  }
}

extension Fifo where Element: Equatable {
  /// Takes an element out, wherever it stands; false when it is not there.
  package mutating func remove(_ element: Element) -> Bool {
    guard let at = elements[head...].firstIndex(of: element) else { return false }
    elements.remove(at: at)
    return true
  }
}
