import Support
import VectorModel

/// How the approximate index is walked for one search: the server's settings, for its transaction alone.
struct PgvectorScan {
  /// Options that a search may give.
  static let options = ["iterative_scan", "probes"]

  /// "iterative_scan": whether an HNSW or IVF scan goes on until enough rows passed the filter; nil = where it is needed.
  private(set) var iterative: String?
  /// "probes": parts of an IVF index that are looked through, 1...1,000,000.
  private(set) var probes: Int?
  private let ef: Int?
  private let k: Int
  private let isFiltered: Bool

  /// The server's bounds of `hnsw.ef_search`, and what it has by default.
  private static let efRange = 1...1000
  private static let standardEF = 40

  /// Reads the options of a search. Errors: `invalidOption`.
  init(_ request: SearchRequest, fetching k: Int) throws(VectorError) {
    ef = request.ef
    self.k = k
    isFiltered = request.filter != nil
    guard let extra = request.extra?.root else { return }
    if let value = extra["iterative_scan"] {
      let known = ["strict_order", "relaxed_order", "off"]
      guard let text = value.text, known.contains(text) else {
        throw VectorError(.invalidOption, "\"iterative_scan\" is none of \(known.joined(separator: ", "))")
      }
      iterative = text
    }
    if let value = extra["probes"] {
      guard let number = value.integer, 1...1_000_000 ~= number else {
        throw VectorError(.invalidOption, "\"probes\" is no integer from 1 to 1000000")
      }
      probes = Int(number)
    }
  }

  /// Whether fewer hits than asked for are the caller's wish.
  var mayFallShort: Bool { iterative == "off" }

  /// The statement before a search, nil where the server's settings will do.
  func statement(_ index: PgvectorIndex, _ pgvector: PgvectorExtension) -> PostgresStatement? {
    var settings: [(String, String)] = []
    var mode = iterative
    switch index.kind {
    case .hnsw:
      let needed = max(ef ?? Self.standardEF, k)
      if ef != nil || needed > Self.standardEF {
        settings.append(("hnsw.ef_search", "\(min(max(needed, Self.efRange.lowerBound), Self.efRange.upperBound))"))
      }
      if mode == nil, isFiltered || needed > Self.efRange.upperBound { mode = "strict_order" }
      if let mode, pgvector.hasIterativeScans { settings.append(("hnsw.iterative_scan", mode)) }
    case .ivf:
      // A square root of the parts is what its makers advise.
      let standard = Int(Double(index.lists).squareRoot().rounded(.up))
      settings.append(("ivfflat.probes", "\(max(1, min(probes ?? standard, index.lists)))"))
      if mode == nil, isFiltered { mode = "relaxed_order" }
      // Hits are sorted here, and an exact order is not on offer.
      if mode == "strict_order" { mode = "relaxed_order" }
      if let mode, pgvector.hasIterativeScans { settings.append(("ivfflat.iterative_scan", mode)) }
    }
    if settings.isEmpty { return nil }
    var query = PgvectorQuery()
    let calls = settings.map { name, value in
      "set_config(\(query.bind(ByteString(name))), \(query.bind(ByteString(value))), true)"
    }
    query.sql = "SELECT \(calls.joined(separator: ", "))"
    return query.statement()
  }
}
