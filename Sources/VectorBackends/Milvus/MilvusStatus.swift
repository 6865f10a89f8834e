import Resilience
import Support
import VectorModel

extension MilvusProtoStatus {
  /// Old servers fill one of the two, new ones the other, most both.
  var isOK: Bool { errorCode == 0 && code == 0 }

  /// The failure of a request that Milvus answered with this status; nil when it did what it was asked.
  func failure(_ method: MilvusMethod) -> AttemptFailure? {
    if isOK { return nil }
    let meaning = Meaning(self)
    var words = quoted(ByteString(reason), limit: 300)
    if reason.isEmpty { words = "code \(code == 0 ? errorCode : code)" }
    return AttemptFailure(
      meaning.kind, mayHaveApplied: meaning.mayHaveApplied,
      cause: VectorError(meaning.status, "Milvus refuses \(method.name): \(words)"))
  }

  /// What a code says about trying again, and to the caller.
  private struct Meaning {
    let kind: AttemptFailure.Kind
    let status: Status
    /// Whether a write may have happened all the same.
    let mayHaveApplied: Bool

    init(_ status: MilvusProtoStatus) {
      self = Self.byCode(status) ?? Self.byOldCode(status) ?? Self.unknown(isTransient: status.retriable)
    }

    private init(_ kind: AttemptFailure.Kind, _ status: Status, mayHaveApplied: Bool = false) {
      self.kind = kind
      self.status = status
      self.mayHaveApplied = mayHaveApplied
    }

    /// `code`, which servers since 2.3 send. 1 is what they send while they start, and what Milvus Lite sends for any error
    /// it has no number for: the old code tells them apart.
    private static func byCode(_ status: MilvusProtoStatus) -> Meaning? {
      switch status.code {
      case 1 where status.errorCode == 56, 2: Meaning(.unavailable, .unavailable, mayHaveApplied: true)
      case 103, 202, 400, 401, 500, 501, 503, 600, 901: Meaning(.unavailable, .unavailable, mayHaveApplied: true)
      case 4, 8, 1807: Meaning(.throttled, .throttled)
      case 3, 7, 9: Meaning(.refused, .overloaded)
      case 100, 200, 700, 800: Meaning(.refused, .notFound)
      case 101, 201: Meaning(.refused, .unavailable)
      case 1100, 1101, 1200, 1700, 1804: Meaning(.refused, .invalidArgument)
      case 1400, 1800: Meaning(.refused, .unauthenticated)
      case 1401: Meaning(.refused, .permissionDenied)
      default: nil
      }
    }

    /// `error_code`, of servers before 2.3 and of some answers since.
    private static func byOldCode(_ status: MilvusProtoStatus) -> Meaning? {
      switch status.errorCode {
      case 2, 46, 55, 56, 57, 100: Meaning(.unavailable, .unavailable, mayHaveApplied: true)
      case 49: Meaning(.throttled, .throttled)
      case 1000: Meaning(.conflicted, .conflict)
      case 24, 48, 52, 53, 54: Meaning(.refused, .overloaded)
      case 3: Meaning(.refused, .permissionDenied)
      case 4, 25, 28: Meaning(.refused, .notFound)
      case 5, 6, 7, 8, 9, 10, 11, 12, 23: Meaning(.refused, .invalidArgument)
      default: nil
      }
    }

    private static func unknown(isTransient: Bool) -> Meaning {
      isTransient
        ? Meaning(.unavailable, .unavailable, mayHaveApplied: true) : Meaning(.refused, .backend, mayHaveApplied: true)
    }
  }
}

/// The calls of Milvus that we make.
struct MilvusMethod: Sendable {
  /// As Milvus calls it.
  let name: String
  /// As HTTP/2 names it.
  let path: String

  private init(_ name: String) {
    self.name = name
    path = "/milvus.proto.milvus.MilvusService/\(name)"
  }

  static let getVersion = MilvusMethod("GetVersion")
  static let showCollections = MilvusMethod("ShowCollections")
  static let describeCollection = MilvusMethod("DescribeCollection")
  static let createCollection = MilvusMethod("CreateCollection")
  static let dropCollection = MilvusMethod("DropCollection")
  static let loadCollection = MilvusMethod("LoadCollection")
  static let releaseCollection = MilvusMethod("ReleaseCollection")
  static let getLoadState = MilvusMethod("GetLoadState")
  static let createIndex = MilvusMethod("CreateIndex")
  static let describeIndex = MilvusMethod("DescribeIndex")
  static let dropIndex = MilvusMethod("DropIndex")
  static let createPartition = MilvusMethod("CreatePartition")
  static let hasPartition = MilvusMethod("HasPartition")
  static let showPartitions = MilvusMethod("ShowPartitions")
  static let upsert = MilvusMethod("Upsert")
  static let delete = MilvusMethod("Delete")
  static let search = MilvusMethod("Search")
  static let query = MilvusMethod("Query")
}
