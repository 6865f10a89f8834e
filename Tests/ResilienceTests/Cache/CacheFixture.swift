import Support

@testable import Resilience

/// What the caches of the tests keep.
final class Box: Sendable {
  let number: Int
  init(_ number: Int) { self.number = number }
}

/// A failing backend, or a mistake of the caller.
enum Trouble: Error, Equatable { case backend, caller }

func scope(_ collection: ByteString = "docs", _ namespace: ByteString = "", identity: ByteString = "me@here")
  -> CacheScope
{
  CacheScope(identity: identity, collection: collection, namespace: namespace)
}

func key(_ number: UInt64, _ scope: CacheScope = scope()) -> CacheKey {
  var key = CacheKey("search", scope)
  key.add(number)
  return key
}

extension CachedCall where Value == Box {
  /// Loads `number` when the cache has nothing.
  func ask(
    _ key: CacheKey, _ context: CallContext = .unbounded, load: (CallContext) throws(Trouble) -> Box
  ) throws(CallFailure<Trouble>) -> CacheAnswer<Box> {
    try value(key, context, servesStale: { $0 == .backend }, load: load)
  }

  func ask(_ key: CacheKey, _ number: Int) -> CacheAnswer<Box>? {
    try? ask(key) { (_) throws(Trouble) in Box(number) }
  }
}

func cache(
  _ settings: CacheSettings = CacheSettings(), readsOwnWrites: Bool = true,
  environment: any Environment = SystemEnvironment.shared, bytes: Int = 100
) throws -> CachedCall<Box> {
  try settings.check()
  guard
    let made = CachedCall<Box>(settings, readsOwnWrites: readsOwnWrites, environment: environment, cost: { _ in bytes })
  else { throw Trouble.backend }
  return made
}
