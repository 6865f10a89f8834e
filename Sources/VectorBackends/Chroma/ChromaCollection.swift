import Resilience
import Support
import VectorModel

/// What is known of the collection: where its records are reached, which a name alone does not say, its shape, and what its
/// server takes. Looked up once, and again when the server does not know the identifier any more.
final class ChromaCollection: @unchecked Sendable {
  /// What stays the same for one call.
  struct Known: Sendable {
    let id: ByteString
    let shape: CollectionShape
    let limits: ChromaAnswers.Limits
    let lists: ChromaLists
    /// Under which its records are reached.
    let path: String
    /// Under which they are searched.
    let queryPath: String

    init(
      id: ByteString, shape: CollectionShape, limits: ChromaAnswers.Limits, lists: ChromaLists, settings: ChromaSettings
    ) {
      self.id = id
      self.shape = shape
      self.limits = limits
      self.lists = lists
      path = "\(settings.databasePath)/\(id.text)"
      queryPath = path + "/query"
    }
  }

  let settings: ChromaSettings
  let requests: ChromaRequests
  private let lock = Lock(.leaf)
  // Under the lock.
  private var current: Known?
  private var seenNamed = false

  init(_ settings: ChromaSettings, _ requests: ChromaRequests) {
    self.settings = settings
    self.requests = requests
  }

  /// How lists are stored in it.
  var lists: ChromaLists { known?.lists ?? .fields }

  var known: Known? { lock.withLock { current } }

  /// Whether records of named namespaces were ever seen. Until then a search of the default one need not leave them out, which
  /// costs the server far more than the search.
  var hasNamed: Bool { lock.withLock { seenNamed } }

  func sawNamed() { lock.withLock { seenNamed = true } }

  // MARK: - Opening

  /// Looks for the collection, and creates it where it may. Errors: those of `VectorBackend.open`.
  func open(_ request: OpenRequest, _ context: CallContext) throws(VectorError) -> CollectionShape {
    try checkName()
    let limits = try self.limits(context)
    var found = try look(.open, context)
    if found == nil {
      let shape = try request.shapeToCreate(title)
      found = try create(shape, request, context)
      if found == nil {
        // Somebody else was faster, or an attempt of ours whose answer was lost.
        guard let other = try look(.open, context) else {
          throw VectorError(.conflict, "\(title) appeared and went while it was being opened")
        }
        return try take(other, request, limits)
      }
      if let found {
        remember(Known(id: found.id, shape: shape, limits: limits, lists: found.lists, settings: settings))
      }
      return shape
    }
    guard let found else { throw VectorError(.internal, "\(title) was neither found nor created") }
    return try take(found, request, limits)
  }

  private func take(
    _ found: ChromaAnswers.Collection, _ request: OpenRequest, _ limits: ChromaAnswers.Limits
  ) throws(VectorError) -> CollectionShape {
    let shape = try request.check(title, dimensions: found.dimensions, metric: found.metric)
    remember(Known(id: found.id, shape: shape, limits: limits, lists: found.lists, settings: settings))
    return shape
  }

  private func remember(_ known: Known) { lock.withLock { current = known } }

  /// The collection in messages.
  private var title: String { "collection \(quoted(settings.collection))" }

  /// A server that does not say gets small batches of numbers.
  private func limits(_ context: CallContext) throws(VectorError) -> ChromaAnswers.Limits {
    do throws(VectorError) {
      return try requests.send(.open, .get, "/api/v2/pre-flight-checks", context) { ChromaAnswers.Limits($0) }
    } catch {
      guard error.status == .notFound || error.status == .permissionDenied else { throw error }
      return ChromaAnswers.Limits()
    }
  }

  /// The collection as the server has it; nil when it has none of the name.
  private func look(_ kind: RequestKind, _ context: CallContext) throws(VectorError) -> ChromaAnswers.Collection? {
    do throws(VectorError) {
      return try requests.send(kind, .get, settings.collectionPath, context) {
        (value) throws(ChromaAnswers.Violation) in try ChromaAnswers.Collection(value)
      }
    } catch {
      if error.status == .notFound { return nil }
      throw error
    }
  }

  /// nil when there is one of the name already.
  private func create(
    _ shape: CollectionShape, _ request: OpenRequest, _ context: CallContext
  ) throws(VectorError) -> ChromaAnswers.Collection? {
    let body = try ChromaBodies.create(settings.collection, shape, request.index)
    var attempts = 0
    do throws(VectorError) {
      return try requests.send(.open, .post, settings.databasePath, context, body: body, attempts: &attempts) {
        (value) throws(ChromaAnswers.Violation) in try ChromaAnswers.Collection(value)
      }
    } catch {
      guard error.status == .conflict, error.details?.httpStatus == 409 else { throw error }
      // After more than one attempt it may well be ours.
      if request.mode == .create, attempts == 1 {
        throw VectorError(.alreadyExists, "\(title) exists already, and mode \"create\" opens none")
      }
      return nil
    }
  }

  /// Refuses what no collection of Chroma is called, before it is asked: its own answer would not name the option.
  private func checkName() throws(VectorError) {
    let bytes = Array(settings.collection.utf8)
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
    guard (3...512).contains(bytes.count), let first = bytes.first, let last = bytes.last, isAlphanumeric(first),
      isAlphanumeric(last), bytes.allSatisfy({ isAlphanumeric($0) || [0x2E, 0x5F, 0x2D].contains($0) })
    else {
      throw VectorError(
        .invalidOption,
        "Chroma has no \(title): names have 3 to 512 characters of a-z, A-Z, 0-9, \".\", \"_\" and \"-\", a letter or digit first and last"
      )
    }
  }

  // MARK: - Using

  /// Runs a part of a call with the path under which the collection's records are reached. A collection that was made anew
  /// meanwhile is looked up, once.
  func reaching<Answer>(
    _ context: CallContext, _ body: (Known, _ path: String) throws(VectorError) -> Answer
  ) throws(VectorError) -> Answer {
    guard let known else { throw VectorError(.internal, "\(title) has not been opened") }
    do throws(VectorError) {
      return try body(known, known.path)
    } catch {
      guard error.status == .notFound, error.details?.httpStatus == 404 else { throw error }
      let now = try renewed(known, context)
      return try body(now, now.path)
    }
  }

  /// The collection that has the name now. Errors: `notFound`, `conflict` when it is of another shape.
  private func renewed(_ old: Known, _ context: CallContext) throws(VectorError) -> Known {
    if let known, known.id != old.id { return known }
    guard let found = try look(.open, context) else { throw VectorError(.notFound, "there is no \(title)") }
    let request = OpenRequest(mode: .open, dimensions: old.shape.dimensions, metric: old.shape.metric)
    _ = try request.check(title, dimensions: found.dimensions, metric: found.metric)
    let new = Known(id: found.id, shape: old.shape, limits: old.limits, lists: found.lists, settings: settings)
    remember(new)
    return new
  }

  /// Deletes the collection with everything in it.
  func drop(_ context: CallContext) throws(VectorError) {
    var attempts = 0
    do throws(VectorError) {
      try requests.send(.drop, .delete, settings.collectionPath, context, attempts: &attempts) { _ in }
    } catch {
      // An attempt before may have been the one that deleted it.
      if error.status == .notFound, attempts > 1 { return }
      throw error
    }
  }
}

extension RequestKind {
  fileprivate static let open = RequestKind("open", .control)
}
