import Resilience
import Support
import VectorBackends
import VectorModel

/// What a database and its views share.
final class DatabaseCore: Sendable {
  let name: ByteString
  let options: DatabaseOptions
  let backend: any VectorBackend
  let collection: CollectionOpening
  /// Takes the secrets of the options out of what is told.
  let redactor: Redactor
  let pipeline: CallPipeline
  let prober: Prober<CallOutcome>
  private let events: DatabaseEvents
  private let periodicProbe: PeriodicProbe?
  private let dropped = AtomicWord(0)

  /// Whether the collection is gone and every later call fails.
  var isDropped: Bool { dropped.load() != 0 }

  /// Connects nowhere.
  init(name: ByteString, options: DatabaseOptions) throws(VectorError) {
    self.name = name
    let remote = RemoteOptions(
      backend: options.backend, name: name, given: options.others, environment: options.environment)
    events = DatabaseEvents(name: name, backend: options.backend)
    let opened: OpenedBackend
    do throws(VectorError) {
      opened = try makeBackend(BackendOpening(name: name, options: options, remote: remote, events: events))
    } catch { throw Redactor(remote.secrets).redact(error) }
    if let exposed = opened.exposed {
      events.send(.warning, "credentials.unencrypted") { json in json.field("server.address", exposed.host) }
    }
    var options = options
    options.others = []
    options.environment = .none
    options.described = remote.described
    self.options = options
    redactor = Redactor(remote.secrets)
    backend = opened.backend
    collection = CollectionOpening(
      opened.backend, options.openRequest, environment: SystemEnvironment.shared)
    pipeline = try CallPipeline(options, opened.backend.capabilities, endpoint: opened.endpoint, events: events)
    prober = Prober(timeout: options.resilience.health.probeTimeout, environment: SystemEnvironment.shared)
    periodicProbe = Self.periodicProbe(options.resilience.health, prober, opened.backend, pipeline.health)
  }

  deinit {
    OpenDatabases.shared.remove(self)
    periodicProbe?.cancel()
    events.send(.info, "database.closed")
  }

  /// Opens the collection, unless the first call is to do it; from here on the database is seen and tells of itself.
  func open(_ context: CallContext) throws(VectorError) {
    if !options.isLazy {
      do throws(VectorError) { _ = try collection.open(context) } catch {
        throw completed(error, .open)
      }
      pipeline.health.record(.success, at: monotonicNanoseconds())
    }
    OpenDatabases.shared.add(self)
    _ = periodicProbe?.start()
    events.send(.info, "database.opened")
  }

  func markDropped() {
    dropped.store(1)
    pipeline.cache?.clear()
    events.send(.warning, "database.dropped")
  }

  /// Runs one operation on the open collection through the pipeline, and says in its error where it came from.
  func call<Answer>(
    _ operation: Operation, _ call: CallOptions, outcome: (Answer) -> CallOutcome = { _ in .success },
    _ body: (CollectionShape, CallContext) throws(VectorError) -> Answer
  ) throws(VectorError) -> Answer {
    do throws(VectorError) {
      if !operation.isSearch { try call.refuseExtraOptions(options.backend) }
      return try pipeline.run(operation, call, outcome: outcome) { (context) throws(VectorError) in
        if isDropped { throw VectorError(.notFound, "the collection was dropped") }
        return try body(shape(for: operation, context), context)
      }
    } catch {
      let error = completed(error, operation)
      announceFailure(error)
      throw error
    }
  }

  /// What the collection is, which is opened first where no call has done that yet.
  private func shape(for operation: Operation, _ context: CallContext) throws(VectorError) -> CollectionShape {
    do throws(VectorError) { return try collection.open(context) } catch {
      var error = error
      if operation.isWrite {
        var details = error.details ?? VectorError.RemoteDetails()
        // Opening may have created the collection, but nothing of the call itself was sent.
        details.applied = .no
        error.details = details
      }
      throw error
    }
  }

  /// Does a write, see `CallPipeline.writing`, and takes secrets out of what it says of single items.
  func writing(
    to scope: CacheScope, _ body: () throws(VectorError) -> WriteOutcome
  ) throws(VectorError) -> WriteOutcome {
    let outcome = try pipeline.writing(to: scope, body)
    if !outcome.failures.isEmpty { outcome.failures.rewriteReasons(redactor.redact) }
    return outcome
  }

  /// An error as it is told: with its origin, without secrets.
  private func completed(_ error: VectorError, _ operation: Operation) -> VectorError {
    var error = redactor.redact(error)
    error.backend = error.backend ?? options.backend.rawValue
    error.operation = error.operation ?? operation.name
    return error
  }

  /// A caller's mistake interests while debugging, a failing backend always.
  private func announceFailure(_ error: VectorError) {
    let level: LogLevel = error.status.rawValue <= Status.unavailable.rawValue ? .warning : .debug
    events.send(level, "call.failed") { json in
      json.field("db.operation.name", error.operation ?? "")
      json.field("error.type", error.status.name)
      json.field("message", error.message)
    }
  }

  /// Probes without anybody asking. Holds on to what it probes, never to the database.
  private static func periodicProbe(
    _ settings: HealthSettings, _ prober: Prober<CallOutcome>, _ backend: any VectorBackend, _ health: HealthMonitor
  ) -> PeriodicProbe? {
    guard let interval = settings.probeInterval else { return nil }
    return PeriodicProbe(
      interval: interval, timeout: settings.probeTimeout, environment: SystemEnvironment.shared
    ) { context in
      _ = try? prober.probe(context) { context in ask(backend, health, context) }
      return true
    }
  }
}

/// Asks the backend how it is and notes the answer; nil when the asking was cancelled.
func ask(_ backend: any VectorBackend, _ health: HealthMonitor, _ context: CallContext) -> CallOutcome? {
  var outcome = CallOutcome.success
  do throws(VectorError) { try backend.probe(context: context) } catch {
    outcome = CallOutcome(error.status)
  }
  if outcome == .cancelled { return nil }
  health.record(outcome, at: monotonicNanoseconds())
  return outcome
}

extension CallOptions {
  /// For calls that take no options of one backend alone.
  func refuseExtraOptions(_ backend: BackendKind) throws(VectorError) { _ = try extraOptions(backend, known: []) }

  /// Options of one backend alone, whose names are known to it; nil for none.
  func extraOptions(_ backend: BackendKind, known: [String]) throws(VectorError) -> JSONDocument? {
    guard !extraJSON.isEmpty else { return nil }
    let document = try optionsDocument(extraJSON, "extra_json")
    for (key, _) in try document.root.options("extra_json") where !known.contains(where: { ByteString($0) == key }) {
      let hint = nearestName(to: key.text, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
      throw VectorError(
        .invalidOption, "extra_json: backend \"\(backend.rawValue)\" knows no option \(quoted(key)) here\(hint)")
    }
    return document
  }
}
