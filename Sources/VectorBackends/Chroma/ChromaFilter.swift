import Support
import VectorModel

/// A filter as Chroma's `where`, which has no negation, no test for a key's presence, no order of strings, and one condition for
/// each object.
///
/// `$not` is pushed down to the leaves, each of which becomes its own complement: `$ne` and `$nin` match records without the key.
indirect enum ChromaFilter: Equatable, Sendable {
  case everything
  case nothing
  case and([ChromaFilter])
  case or([ChromaFilter])
  /// The key is a stored one.
  case test(key: ByteString, op: Operator, [MetadataScalar])

  /// An operator of Chroma.
  enum Operator: String, Sendable {
    case eq = "$eq"
    case ne = "$ne"
    case gt = "$gt"
    case gte = "$gte"
    case lt = "$lt"
    case lte = "$lte"
    case among = "$in"
    case notAmong = "$nin"
    case contains = "$contains"
    case notContains = "$not_contains"
  }

  /// Conditions in one filter: the server's own limits lie a little above, and beyond them it answers with an error, or no more.
  static let maxTests = 2000
  /// Levels of `$and` and `$or` within each other.
  static let maxDepth = 50

  /// Errors: `unsupported` naming the operator, and for a filter that is larger or deeper than the server takes.
  init(_ filter: FilterExpression, _ lists: ChromaLists) throws(VectorError) {
    self = try ChromaFilterCompiler(lists: lists).compiled(filter, isNegated: false)
    let size = size
    if size.tests > Self.maxTests || size.depth > Self.maxDepth {
      throw VectorError(
        .unsupported,
        "backend \"chroma\" takes filters of at most \(Self.maxTests) conditions and \(Self.maxDepth) levels, this one has \(size.tests) and \(size.depth)"
      )
    }
  }

  /// All of the parts, or one of them, without what decides nothing and without one joint directly within another.
  static func joined(_ parts: [ChromaFilter], all: Bool) -> ChromaFilter {
    var kept: [ChromaFilter] = []
    for part in parts {
      switch part {
      case .everything: if !all { return .everything }
      case .nothing: if all { return .nothing }
      case .and(let inner) where all: kept += inner
      case .or(let inner) where !all: kept += inner
      default: kept.append(part)
      }
    }
    if kept.isEmpty { return all ? .everything : .nothing }
    return kept.count == 1 ? kept[0] : all ? .and(kept) : .or(kept)
  }

  // MARK: - Writing

  /// Conditions and levels, as they will be written.
  var size: (tests: Int, depth: Int) {
    switch self {
    case .everything, .nothing: return (0, 0)
    case .test: return (1, 1)
    case .and(let parts), .or(let parts):
      var (tests, depth, width) = (0, 0, parts.count)
      for part in parts {
        let size = part.size
        tests += size.tests
        depth = max(depth, size.depth)
      }
      repeat {
        depth += 1
        width = (width + Self.width - 1) / Self.width
      } while width > 1
      return (tests, depth)
    }
  }

  /// Parts written side by side. The server joins them one within the other, and a thousand of them are too deep for it: more
  /// are written as groups of groups.
  private static let width = 16

  /// Writes the value of `where`. `everything` and `nothing` have no form there: the caller decides them without a call.
  func write(to json: inout JSONWriter) {
    switch self {
    case .everything, .nothing: json.null()
    case .test(let key, let op, let values):
      json.object { json in
        withBytes(of: key) { json.key($0) }
        json.object { json in
          json.key(op.rawValue)
          if op == .among || op == .notAmong {
            json.array { json in for value in values { Self.write(value, to: &json) } }
          } else if let value = values.first {
            Self.write(value, to: &json)
          }
        }
      }
    case .and(let parts): Self.write(parts[...], "$and", to: &json)
    case .or(let parts): Self.write(parts[...], "$or", to: &json)
    }
  }

  private static func write(_ parts: ArraySlice<ChromaFilter>, _ name: String, to json: inout JSONWriter) {
    if parts.count == 1, let only = parts.first { return only.write(to: &json) }
    var share = 1
    while share * width < parts.count { share *= width }
    json.object { json in
      json.key(name)
      json.array { json in
        var at = parts.startIndex
        while at < parts.endIndex {
          let end = min(at + share, parts.endIndex)
          write(parts[at..<end], name, to: &json)
          at = end
        }
      }
    }
  }

  private static func write(_ value: MetadataScalar, to json: inout JSONWriter) {
    switch value {
    case .string(let string): json.string(string)
    case .number(let number): json.number(number)
    case .bool(let bool): json.bool(bool)
    }
  }
}

extension ChromaFilter {
  /// A filter of one namespace, which a search has to be told; reads that get ids see it from them.
  func within(_ namespace: ByteString) -> ChromaFilter {
    let own: ChromaFilter =
      namespace.isEmpty
      ? .test(key: ByteString(ChromaNames.namedKey), op: .ne, [.bool(true)])
      : .test(key: ByteString(ChromaNames.namespaceKey), op: .eq, [.string(namespace)])
    return Self.joined([own, self], all: true)
  }

  /// What the filter of a request says; `everything` without one.
  init(_ filter: Filter?, _ lists: ChromaLists) throws(VectorError) {
    if let filter { try self.init(filter.expression, lists) } else { self = .everything }
  }
}
