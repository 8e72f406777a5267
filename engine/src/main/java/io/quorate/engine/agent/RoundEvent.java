package io.quorate.engine.agent;

import io.quorate.engine.decision.Decision;
import java.util.List;

/** What happened to rounds on the kernel agent, on its way to the consensus agent. Immutable. */
sealed interface RoundEvent {
    /** A round's first contribution was applied. */
    record Opened(String round, long sequence) implements RoundEvent {}

    /** A round ended. */
    record Closed(Decision decision) implements RoundEvent {}

    /** A snapshot replaced all rounds. */
    record Restored(List<Opened> open, List<Recovered> closed) implements RoundEvent {}

    /** A round that closed before the snapshot; q peers vouch for its digest. */
    record Recovered(String round, long sequence, Decision.Status status, byte[] digest) implements RoundEvent {}
}
