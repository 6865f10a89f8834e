defmodule VectorDB.Pages do
  @moduledoc false
  # Records page by page as a lazy enumerable. Nothing is held between pages but a token.

  alias VectorDB.{Native, Operation, Rows}

  def stream(database, {size, filter, flags, timeout, form}) do
    Stream.resource(
      fn -> {:more, ""} end,
      fn
        :done ->
          {:halt, :done}

        {:more, token} ->
          page =
            Operation.run(database, :stream, fn %{ref: ref} ->
              Native.page(ref, size, token, filter, flags, timeout)
            end)

          {rows, next} = VectorDB.Twin.unwrap(page)
          {Rows.records(rows, form), if(next == "", do: :done, else: {:more, next})}
      end,
      fn _state -> :ok end
    )
  end
end
