import Resilience
import Support
import VectorModel

/// The ids of records that somebody pages through, kept between pages.
///
/// Chroma's own pages are places in a list: records before them that are deleted meanwhile would make it skip others. So all ids
/// are read at the first page and sorted, and each page gets its records by id. Where the list is gone (another process, too
/// many at once) it is read again, and goes on behind the last id of the token.
final class ChromaPages: @unchecked Sendable {
  /// A list of stored ids, sorted by bytes, and what they are the ids of.
  final class List: Sendable {
    let namespace: ByteString
    let filter: ChromaFilter
    let ids: [ByteString]

    init(_ ids: [ByteString], _ namespace: ByteString, _ filter: ChromaFilter) {
      self.ids = ids.sorted()
      self.namespace = namespace
      self.filter = filter
    }

    /// The place of the first id behind `last`.
    func place(behind last: ByteString) -> Int {
      var (low, high) = (0, ids.count)
      while low < high {
        let middle = (low + high) / 2
        if ids[middle] <= last { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  /// Lists kept at once.
  private static let most = 4

  private let lock = Lock(.leaf)
  // Under the lock, the list used last at the end.
  private var lists: [(number: UInt64, list: List)] = []

  /// The list of a number, where it is one of that namespace and filter.
  func find(_ number: UInt64, _ namespace: ByteString, _ filter: ChromaFilter) -> List? {
    lock.withLock {
      let place = lists.firstIndex {
        $0.number == number && $0.list.namespace == namespace && $0.list.filter == filter
      }
      guard let place else { return nil }
      let entry = lists.remove(at: place)
      lists.append(entry)
      return entry.list
    }
  }

  /// Keeps a list; its number finds it again, and by chance alone one of another process.
  func keep(_ list: List) -> UInt64 {
    let number = SystemEnvironment.shared.random()
    lock.withLock {
      lists.append((number, list))
      if lists.count > Self.most { lists.removeFirst() }
    }
    return number
  }

  /// Forgets a list that has been read to its end.
  func forget(_ number: UInt64) { lock.withLock { lists.removeAll { $0.number == number } } }
}

/// Where a page begins: the number of a list and the last id before it.
struct ChromaPageToken {
  let number: UInt64
  let last: ByteString

  init(number: UInt64, last: ByteString) {
    self.number = number
    self.last = last
  }

  /// nil for text that `bytes` never made.
  init?(_ bytes: [UInt8]) {
    let parts = bytes.split(separator: 0x2E, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[0].elementsEqual("c1".utf8),
      let number = UInt64(String(decoding: parts[1], as: UTF8.self), radix: 16), parts[2].count.isMultiple(of: 2)
    else { return nil }
    var last: [UInt8] = []
    var digits = parts[2]
    while let high = digits.popFirst(), let low = digits.popFirst() {
      guard let byte = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16) else { return nil }
      last.append(byte)
    }
    self.init(number: number, last: ByteString(last))
  }

  var bytes: [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return Array("c1.\(String(number, radix: 16)).".utf8)
      + last.bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }
}

extension ChromaBackend {
  package func page(
    _ request: PageRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    try collection.reaching(context) { (known, path) throws(VectorError) in
      let (list, number, start) = try place(of: request, namespace, context)
      let results = try ResultColumns(kind: .page, dimensions: known.shape.dimensions, include: request.include)
      let ids = list.ids[start..<min(start + request.limit, list.ids.count)]
      let step = recordsAtOnce(known, request.include)
      var from = ids.startIndex
      while from < ids.endIndex {
        let stored = Array(ids[from..<min(from + step, ids.endIndex)])
        let isComplete = try records(.page, stored, request.include, path, context) {
          (document, places) throws(ChromaAnswers.Violation) in
          // One that was deleted meanwhile is left out.
          for stored in stored {
            guard let record = document.record(places[stored]) else { continue }
            guard try append(record, id: ChromaNames.parts(ofStored: stored).id, known.lists, to: results) else {
              return false
            }
          }
          return true
        }
        guard isComplete else { throw .resultOutOfMemory }
        from += stored.count
      }
      try results.endQuery()
      if ids.endIndex < list.ids.count, let last = ids.last {
        try results.setNextPage(ChromaPageToken(number: number, last: last).bytes)
      } else {
        pages.forget(number)
      }
      return results
    }
  }

  /// The list a page is taken from, its number, and where the page starts in it.
  private func place(
    of request: PageRequest, _ namespace: ByteString, _ context: CallContext
  ) throws(VectorError) -> (list: ChromaPages.List, number: UInt64, start: Int) {
    let filter = try ChromaFilter(request.filter, collection.lists)
    var last: ByteString?
    if !request.token.isEmpty {
      guard let token = ChromaPageToken(request.token) else {
        throw VectorError(.invalidArgument, "a page token that did not come from here")
      }
      if let list = pages.find(token.number, namespace, filter) {
        return (list, token.number, list.place(behind: token.last))
      }
      last = token.last
    }
    let stored = try storedIDs(.page, namespace.isEmpty ? filter : filter.within(namespace), context)
    let own = stored.filter { ChromaNames.parts(ofStored: $0).namespace == namespace }
    let list = ChromaPages.List(own, namespace, filter)
    return (list, pages.keep(list), last.map { list.place(behind: $0) } ?? 0)
  }
}
