import Resilience
import Support
import VectorBackends
import VectorModel

/// What a database and its views share.
final class DatabaseCore: Sendable {
  let name: ByteString
  let options: DatabaseOptions
  /// What tells its connections from those of others, see `CacheScope`.
  let identity: ByteString
  let backend: any VectorBackend
  let pipeline: CallPipeline
  let prober: Prober<CallOutcome>
  private let events: DatabaseEvents
  private let periodicProbe: PeriodicProbe?
  private let dropped = AtomicWord(0)

  /// Whether the collection is gone and every later call fails.
  var isDropped: Bool { dropped.load() != 0 }

  init(name: ByteString, options: DatabaseOptions) throws(VectorError) {
    self.name = name
    self.options = options
    identity = ByteString(options.backend.rawValue)
    events = DatabaseEvents(name: name, backend: options.backend)
    let opened = openMemory(name: name, options: options, events: events)
    backend = opened.backend
    pipeline = try CallPipeline(options, opened.backend.capabilities, endpoint: opened.endpoint, events: events)
    prober = Prober(timeout: options.resilience.health.probeTimeout, environment: SystemEnvironment.shared)
    periodicProbe = Self.periodicProbe(options.resilience.health, prober, opened.backend, pipeline.health)
  }

  deinit {
    OpenDatabases.shared.remove(self)
    periodicProbe?.cancel()
    events.send(.info, "database.closed")
  }

  /// The database is ready: from here on it is seen and tells of itself.
  func opened() {
    pipeline.health.record(.success, at: monotonicNanoseconds())
    OpenDatabases.shared.add(self)
    _ = periodicProbe?.start()
    events.send(.info, "database.opened")
  }

  func markDropped() {
    dropped.store(1)
    pipeline.cache?.clear()
    events.send(.warning, "database.dropped")
  }

  /// Runs one operation through the pipeline, and says in its error where it came from.
  func call<Answer>(
    _ operation: Operation, _ call: CallOptions, outcome: (Answer) -> CallOutcome = { _ in .success },
    _ body: (CallContext) throws(VectorError) -> Answer
  ) throws(VectorError) -> Answer {
    do throws(VectorError) {
      try call.refuseExtraOptions()
      return try pipeline.run(operation, call, outcome: outcome, body)
    } catch {
      var error = error
      error.backend = error.backend ?? options.backend.rawValue
      error.operation = error.operation ?? operation.name
      announceFailure(error)
      throw error
    }
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
  /// No backend of this version takes options of its own in a call.
  func refuseExtraOptions() throws(VectorError) {
    guard !extraJSON.isEmpty else { return }
    for (key, _) in try optionsDocument(extraJSON, "extra_json").root.options("extra_json") {
      throw VectorError(.invalidOption, "extra_json: backend \"memory\" knows no option \(quoted(key))")
    }
  }
}
