import Support
import Testing
import VectorModel

@testable import VectorDB

/// Who is warned of credentials that others can read. Nothing is connected.
@Suite struct PlainTextCredentialTests {
  @Test(arguments: [
    (#""redis", "host": "db.example", "password": "s3cret""#, "db.example"),
    (#""redis", "url": "redis://:s3cret@db.example""#, "db.example"),
    (#""redis", "host": "db.example""#, nil),
    (#""redis", "host": "127.0.0.1", "password": "s3cret""#, nil),
    (#""redis", "host": "/run/redis", "password": "s3cret""#, nil),
    (#""redis", "host": "db.example", "password": "s3cret", "tls": true"#, nil),
    (#""chroma", "host": "db.example", "api_key": "s3cret""#, "db.example"),
    (#""chroma", "url": "http://ann:s3cret@db.example""#, "db.example"),
    (#""chroma", "host": "db.example""#, nil),
    (#""chroma", "host": "db.example", "api_key": "s3cret", "tls": true"#, nil),
    (#""chroma", "host": "localhost", "api_key": "s3cret""#, nil),
    (#""chroma", "api_key": "s3cret""#, nil),
    (#""milvus", "host": "db.example", "token": "s3cret""#, "db.example"),
    (#""milvus", "url": "http://ann:s3cret@db.example""#, "db.example"),
    (#""milvus", "host": "db.example""#, nil),
    (#""milvus", "url": "https://ann:s3cret@db.example""#, nil),
    (#""milvus", "host": "::1", "token": "s3cret""#, nil),
    (#""pgvector", "host": "db.example", "password": "s3cret""#, "db.example"),
    (#""pgvector", "url": "postgresql://ann:s3cret@db.example?sslmode=prefer""#, "db.example"),
    (#""pgvector", "url": "postgresql://ann:s3cret@db.example?sslmode=disable""#, "db.example"),
    (#""pgvector", "url": "postgresql://ann:s3cret@localhost,db.example?sslmode=allow""#, "db.example"),
    (#""pgvector", "url": "postgresql://ann:s3cret@localhost?hostaddr=10.1.2.3""#, "10.1.2.3"),
    (#""pgvector", "url": "postgresql://ann@db.example?passfile=/tmp/x""#, "db.example"),
    (#""pgvector", "url": "postgresql://ann:s3cret@db.example?sslmode=require""#, nil),
    (#""pgvector", "url": "postgresql://ann:s3cret@db.example?sslmode=verify-full""#, nil),
    (#""pgvector", "url": "postgresql://ann:s3cret@%2Frun%2Fpostgresql""#, nil),
    (#""pgvector", "url": "postgresql://ann:s3cret@127.0.0.1""#, nil),
    (#""pgvector", "url": "postgresql://ann@db.example""#, nil),
    (#""redis", "host": "127.example.com", "password": "s3cret""#, "127.example.com"),
  ])
  func aWarningNamesTheHost(_ backend: String, _ host: String?) throws {
    let json = ByteString(#"{"env": false, "backend": \#(backend)}"#)
    let options = try withBytes(of: json) { (bytes) throws(VectorError) in try DatabaseOptions.parse(bytes) }
    let remote = RemoteOptions(
      backend: options.backend, name: "docs", given: options.others, environment: options.environment)
    let events = DatabaseEvents(name: "docs", backend: options.backend)
    let opened = try makeBackend(BackendOpening(name: "docs", options: options, remote: remote, events: events))
    #expect(opened.exposed?.host == host)
  }
}
