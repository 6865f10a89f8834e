import Support
import Testing

@testable import Resilience

@Suite struct CacheKeyTests {
  private func made(_ fields: (inout CacheKey) -> Void) -> CacheKey {
    var key = CacheKey("search", scope())
    fields(&key)
    return key
  }

  @Test func equalCallsHaveEqualKeys() {
    let left = made {
      $0.add("a"); $0.add(1.5); $0.add(UInt64(7)); $0.addNothing()
    }
    let right = made {
      $0.add("a"); $0.add(1.5); $0.add(UInt64(7)); $0.addNothing()
    }
    #expect(left.equals(right))
    #expect(left.hash((1, 2)) == right.hash((1, 2)))
    #expect(left.hash((1, 2)) != left.hash((1, 3)))
  }

  /// Each line would be the same bytes if fields were only put behind each other.
  @Test func fieldsCannotFlowIntoEachOther() {
    let keys = [
      made {
        $0.add("ab"); $0.add("c")
      },
      made {
        $0.add("a"); $0.add("bc")
      }, made { $0.add("abc") },
      made {
        $0.add("abc"); $0.add("")
      },
      made {
        $0.add(""); $0.add("abc")
      },
      made { $0.add(UInt64(0)) }, made { $0.add(0.0) }, made { $0.addNothing() }, made { $0.add("") },
      made {
        $0.add(false); $0.addNothing()
      },
      made {
        $0.addNothing(); $0.add(false)
      },
      made { $0.add(ByteString([UInt8](repeating: 0, count: 8))) },
    ]
    for (place, key) in keys.enumerated() {
      for other in keys[(place + 1)...] { #expect(!key.equals(other)) }
    }
  }

  @Test func everyPartOfTheScopeCounts() {
    let scopes = [
      scope("a", "b"), scope("ab", ""), scope("", "ab"), scope("a", "b", identity: "other"), scope("b", "a"),
    ]
    for (place, one) in scopes.enumerated() {
      for other in scopes[(place + 1)...] {
        #expect(one != other)
        #expect(!key(1, one).equals(key(1, other)))
      }
    }
    #expect(!CacheKey("get", scope()).equals(CacheKey("search", scope())))
  }

  /// A kept key must not change under the cache when its maker goes on with it.
  @Test func aCopyThatGrowsLeavesTheOtherAlone() throws {
    let cache = try cache()
    var growing = key(1)
    _ = cache.ask(growing, 1)
    growing.add(UInt64(2))
    #expect(cache.ask(growing, 2)?.source == .loaded)
    #expect(cache.ask(key(1), 3)?.value.number == 1)
  }

  @Test func whatIsTooLongIsNotCut() {
    let long = ByteString([UInt8](repeating: 1, count: CacheKey.longest))
    var key = CacheKey("search", scope())
    key.add(long)
    #expect(!key.isComplete)
    #expect(key.bytes.count < CacheKey.longest)
  }
}
