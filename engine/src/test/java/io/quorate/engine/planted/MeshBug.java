package io.quorate.engine.planted;

import static io.quorate.engine.planted.Edit.answering;
import static io.quorate.engine.planted.Edit.calling;
import static io.quorate.engine.planted.Edit.first;
import static io.quorate.engine.planted.Edit.instead;

import java.util.List;

/** Twins of membership that each break one rule. */
enum MeshBug {
    INCARNATION_NOT_COMPARED(
            "CHURN",
            1,
            "a record replaces another one whatever its incarnation",
            instead("membership.Member", "isNewerThan", "differs"),
            answering("membership.Swim", "isOld", false)),

    CONFIRMATIONS_NOT_DISTINCT(
            "SPLIT", 2, "one member that accuses twice counts twice", answering("membership.Suspicion", "has", false)),

    REFUTATION_IGNORED(
            "SPLIT",
            1,
            "a newer record of a member that is accused is not taken",
            calling("membership.Swim", "take", "isNews", "isNewsOfTheTrusted")),

    DEAD_RESURRECTED(
            "SPLIT",
            1,
            "a member that was proven faulty is held alive again because it answers",
            first("membership.Swim", "onAck", "raise")),

    BOTH_SIDES_WRITABLE(
            "SPLIT",
            6,
            "half of the panel is enough to write",
            calling("membership.PartitionGuard", "isWritable", "quorum", "half"));

    private final Twin twin;

    MeshBug(final String kind, final long seed, final String sentence, final Edit... edits) {
        twin = new Twin(MeshHunt.class, kind, seed, sentence, List.of(edits));
    }

    Twin twin() {
        return twin;
    }
}
