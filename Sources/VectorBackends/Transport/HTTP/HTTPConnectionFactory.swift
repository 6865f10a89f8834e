import CLibraries
import Resilience
import Support
import VectorModel

/// Makes connections to one endpoint for a pool. A connection connects when it sends its first request: there is nothing to
/// say to a server before.
package final class HTTPConnectionFactory: ConnectionFactory {
  package typealias Connection = HTTPConnection

  private let endpoint: HTTPEndpoint

  /// Loads libcurl. Errors: `missingLibrary` naming the package.
  package init(_ endpoint: HTTPEndpoint) throws(VectorError) {
    try loadCurl()
    self.endpoint = endpoint
  }

  package func open(_ context: CallContext) throws(AttemptFailure) -> HTTPConnection { try HTTPConnection(endpoint) }

  package func check(_ connection: HTTPConnection) -> Bool { connection.isAlive }

  package func close(_ connection: HTTPConnection) { connection.close() }

  package func abandon(_ connection: HTTPConnection) { connection.abandon() }
}

/// Loads libcurl, which is needed before any of its functions is called. Errors: `missingLibrary` naming the package.
package func loadCurl() throws(VectorError) {
  let problem = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(VDB_LIBRARY_REASON)) { reason -> String? in
    reason.initialize(repeating: 0)
    guard let base = reason.baseAddress, vdb_curl_load(base) != 0 else { return nil }
    return String(cString: base)
  }
  if let problem { throw VectorError(.missingLibrary, problem) }
}
