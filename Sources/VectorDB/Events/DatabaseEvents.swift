import Resilience
import Support
import VectorModel

/// Tells the log callback what happens to one database, or to what several share, with the attribute names of OpenTelemetry where it has one.
final class DatabaseEvents: EventSink {
  private let name: ByteString?
  private let backend: BackendKind

  /// - Parameter name: of the database; nil for what several share.
  init(name: ByteString?, backend: BackendKind) {
    self.name = name
    self.backend = backend
  }

  func wants(_ level: EventLevel) -> Bool { EventForwarder.shared.wants(LogLevel(level)) }

  func emit(_ event: ResilienceEvent) {
    send(LogLevel(event.level), event.name) { json in event.write(to: &json) }
  }

  /// Sends any event of this database.
  func send(_ level: LogLevel, _ event: StaticString, _ fields: (inout JSONWriter) -> Void = { _ in }) {
    EventForwarder.shared.send(level, event) { json in
      json.field("db.system.name", backend.rawValue)
      if let name { json.field("db.collection.name", name) }
      fields(&json)
    }
  }
}

extension LogLevel {
  init(_ level: EventLevel) {
    self =
      switch level {
      case .debug: .debug
      case .info: .info
      case .warning: .warning
      }
  }
}

extension ResilienceEvent {
  /// As the log callback gets it.
  var name: StaticString {
    switch self {
    case .attemptStarted: "attempt.started"
    case .attemptFailed: "attempt.failed"
    case .attemptRetried: "attempt.retried"
    case .retryRefused: "retry.refused"
    case .breakerChanged: "circuit_breaker.changed"
    case .poolExhausted: "pool.exhausted"
    case .connectionOpened: "connection.opened"
    case .connectionClosed: "connection.closed"
    case .cacheHit: "cache.hit"
    case .cacheServedStale: "cache.stale"
    case .hedgeStarted: "hedge.started"
    case .hedgeWon: "hedge.won"
    case .slowCall: "call.slow"
    case .faultInjected: "fault.injected"
    }
  }

  func write(to json: inout JSONWriter) {
    switch self {
    case .attemptStarted(let kind, let attempt):
      json.request(kind)
      json.field("attempt", attempt)
    case .attemptFailed(let kind, let attempt, let failure, let elapsed):
      json.request(kind)
      json.field("attempt", attempt)
      json.field("error.type", failure.name)
      json.milliseconds("duration_ms", elapsed)
    case .attemptRetried(let kind, let attempt, let delay):
      json.request(kind)
      json.field("attempt", attempt)
      json.milliseconds("delay_ms", delay)
    case .retryRefused(let kind, let attempt, let reason):
      json.request(kind)
      json.field("attempt", attempt)
      json.field("reason", reason.name)
    case .breakerChanged(let requestClass, let from, let to):
      json.field("class", requestClass.name)
      json.field("from", from.name)
      json.field("to", to.name)
    case .poolExhausted(let waiting, let limit):
      json.field("waiting", waiting)
      json.field("limit", limit)
    case .connectionOpened(let elapsed): json.milliseconds("duration_ms", elapsed)
    case .connectionClosed(let reason): json.field("reason", reason)
    case .cacheHit(let operation), .hedgeWon(let operation): json.field("db.operation.name", operation)
    case .cacheServedStale(let operation, let age):
      json.field("db.operation.name", operation)
      json.milliseconds("age_ms", age)
    case .hedgeStarted(let operation, let after):
      json.field("db.operation.name", operation)
      json.milliseconds("after_ms", after)
    case .slowCall(let operation, let elapsed):
      json.field("db.operation.name", operation)
      json.milliseconds("duration_ms", elapsed)
    case .faultInjected(let kind, let fault):
      json.request(kind)
      json.field("fault", fault)
    }
  }
}

extension JSONWriter {
  fileprivate mutating func request(_ kind: RequestKind) {
    field("db.operation.name", kind.operation)
    field("class", kind.requestClass.name)
  }
}
