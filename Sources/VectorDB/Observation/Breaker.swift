import Resilience

/// State of a circuit breaker; raw values are those of `vdb_breaker_state`.
package enum BreakerState: Int32, Sendable {
  case closed = 0
  case halfOpen = 1
  case open = 2

  init(_ state: CircuitState) {
    self =
      switch state {
      case .closed: .closed
      case .halfOpen: .halfOpen
      case .open: .open
      }
  }
}

/// What a user may do to a circuit breaker by hand; raw values are those of `vdb_breaker_action`.
package enum BreakerAction: Int32, Sendable {
  case automatic = 0
  case forceOpen = 1
  case forceClose = 2
}
