import CLibraries
import Glibc
import Testing

@testable import VectorBackends

/// When signals are kept away from libcurl's work.
@Suite struct HTTPSignalsTests {
  private func isBlocked(_ signal: Int32) -> Bool {
    var mask = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &mask)
    return sigismember(&mask, signal) == 1
  }

  /// Runs a test with no signal blocked, as on a thread of most hosts.
  private func unblocked(_ test: () throws -> Void) rethrows {
    var (none, before) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    try test()
  }

  @Test(arguments: [true, false]) func theyAreHeldFromTheFirstNeedToTheEndOfAPiece(always: Bool) {
    let signals = HTTPSignals(alwaysHeld: always)
    unblocked {
      for _ in 0..<2 {
        signals.around {
          #expect(isBlocked(SIGUSR1) == always)
          signals.begin()
          signals.begin()
          #expect(isBlocked(SIGUSR1) && isBlocked(SIGPIPE) && !isBlocked(SIGSEGV))
          // Taken back at the end, or it would end the process.
          raise(SIGPIPE)
        }
        #expect(!isBlocked(SIGUSR1) && !isBlocked(SIGPIPE))
      }
      signals.held { #expect(isBlocked(SIGPIPE)) }
      #expect(!isBlocked(SIGPIPE))
    }
  }

  /// The thread that looks a name up starts with the signals of the one that asks.
  @Test func libcurlHoldsThemWhereItLooksANameUp() throws {
    let server = try ScriptedServer([.read, answer("200 OK"), .read, answer("200 OK")])
    defer { server.stop() }
    try loadCurl()
    let easy = try #require(vdb_curl_easy_init())
    let signals = HTTPSignals(alwaysHeld: false)
    let transfer = HTTPTransfer(maxBodyBytes: 1000, signals: signals)
    defer { withExtendedLifetime(transfer) { vdb_curl_easy_cleanup(easy) } }
    #expect(transfer.attach(to: easy) == CURLE_OK)
    #expect(vdb_curl_easy_set_long(easy, CURLOPT_NOSIGNAL, 1) == CURLE_OK)
    #expect(vdb_curl_easy_set_text(easy, CURLOPT_PROXY, "") == CURLE_OK)
    #expect(vdb_curl_easy_set_text(easy, CURLOPT_URL, "http://localhost:\(server.port)/") == CURLE_OK)
    unblocked {
      for isFirst in [true, false] {
        transfer.begin(upload: nil)
        signals.around {
          #expect(vdb_curl_easy_perform(easy) == CURLE_OK)
          #expect(isBlocked(SIGUSR1) == isFirst)
        }
      }
    }
    #expect(server.connectionCount == 1)
  }
}
