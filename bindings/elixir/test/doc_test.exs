defmodule VectorDB.DocTest do
  use ExUnit.Case, async: true

  doctest VectorDB
  doctest VectorDB.JSON
end
