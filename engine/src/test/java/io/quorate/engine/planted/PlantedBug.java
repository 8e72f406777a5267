package io.quorate.engine.planted;

import static io.quorate.engine.planted.Edit.answering;
import static io.quorate.engine.planted.Edit.calling;
import static io.quorate.engine.planted.Edit.first;
import static io.quorate.engine.planted.Edit.instead;
import static io.quorate.engine.planted.Edit.reading;

import java.util.List;

/**
 * Twins of the protocol that each break one rule.
 */
enum PlantedBug {
    QUORUM_TOO_SMALL("STANDARD", 15, "2f votes are a quorum", instead("quorum.Quorum", "quorum", "twiceF")),

    DIGEST_NOT_COMPARED(
            "STANDARD",
            11,
            "votes of one view and sequence count together, whatever digest they name",
            calling("pbft.LogSlot$Votes", "matching", "isEqual", "equalAnyway")),

    PREPARED_TOO_EARLY(
            "STANDARD",
            20,
            "a slot is prepared with one prepare too few",
            calling("pbft.PbftLog", "checkPrepared", "quorum", "oneLess")),

    EQUIVOCATION_ACCEPTED(
            "STANDARD",
            207,
            "a second pre-prepare takes the place of the first",
            reading("pbft.PbftReplica", "onPrePrepare", "isAccepted", false)),

    CLAIMS_NOT_CONTRADICTED(
            "SCHEMES",
            3,
            "a new view takes a claim that others contradict (A1)",
            answering("pbft.NewView", "isUncontradicted", true)),

    CLAIMS_NOT_VOUCHED_FOR(
            "SCHEMES",
            47,
            "a new view takes a claim that one peer alone makes (A2)",
            answering("pbft.NewView", "isVouchedFor", true)),

    CLAIMS_NOT_BOUNDED(
            "SCHEMES",
            1,
            "a view change may claim what it likes",
            answering("pbft.ViewStatements", "isConsistent", true)),

    BASE_NOT_CHECKED(
            "BYZANTINE",
            116,
            "a checkpoint certificate is taken without its signatures",
            answering("pbft.Checkpoints", "isValid", true)),

    FREE_TOO_EASILY(
            "STANDARD",
            103,
            "a new view frees a sequence on one silent message too few (B)",
            calling("pbft.NewView", "isFree", "quorum", "oneLess")),

    NEW_VIEW_OF_FEWER(
            "SCHEMES",
            105,
            "a new view may rest on one view change too few",
            calling("pbft.ViewChange", "onNewView", "quorum", "oneLess"),
            calling("pbft.NewView", "choose", "quorum", "oneLess"),
            calling("pbft.NewView", "spokenFor", "quorum", "oneLess")),

    VOTES_AFTER_AMNESIA(
            "STANDARD",
            10,
            "a replica that restarted without its memory votes at once",
            calling("pbft.Recovery", "<init>", "isFirstStart", "always")),

    AMNESIAC_ASKS_FOR_VIEWS(
            "STANDARD",
            10,
            "a replica without a vote sends a view change",
            calling("pbft.Timers", "onTick", "isVoting", "yes"),
            calling("pbft.ViewChange", "start", "check", "unchecked")),

    SAID_BEFORE_DURABLE(
            "STANDARD",
            46,
            "votes and replies leave before the journal holds what they vouch for",
            calling("pbft.VoteRecorder", "vouch", "vouch", "vouchForNothing"),
            answering("pbft.VoteRecorder", "isDurable", true)),

    JOURNAL_WITHOUT_VOTES(
            "STANDARD",
            18,
            "the journal leaves out what was voted for, and a restarted replica votes at once",
            answering("pbft.VoteRecorder", "prePrepared", false)),

    JOURNAL_WITHOUT_LOCKS(
            "STANDARD",
            91,
            "the journal leaves out what prepared, and a restarted replica votes at once",
            instead("pbft.VoteRecorder", "prepared", "writeNothing")),

    LOCK_FORGOTTEN(
            "STANDARD",
            4,
            "what prepared in a view is forgotten when it ends",
            first("pbft.LogSlot", "leaveView", "forgetPrepared")),

    WATERMARK_IGNORED(
            "STANDARD", 1, "votes above the window are taken", instead("pbft.PbftLog", "isInWindow", "aboveLow")),

    CLIENT_TABLE_NOT_IN_SNAPSHOT(
            "STANDARD",
            5,
            "a snapshot leaves the client table out",
            calling("ordering.ExactlyOnce", "writeTable", "snapshot", "emptyTable")),

    APPLIED_AGAIN(
            "STANDARD",
            742,
            "a request that was ordered twice is applied twice",
            calling("ordering.ExactlyOnce", "execute", "status", "alwaysFresh"),
            calling("ordering.ExactlyOnce", "execute", "record", "recordOnce")),

    STALE_VIEW_ACCEPTED(
            "STANDARD",
            96,
            "votes of any view count for the current one",
            instead("pbft.PbftReplica", "onPrepare", "prepareOfAnyView"),
            instead("pbft.PbftReplica", "onCommit", "commitOfAnyView")),

    NULL_REQUEST_MISSING(
            "STANDARD",
            5,
            "a new view leaves its gaps open",
            calling("pbft.ViewChange", "assign", "accept", "acceptUnlessNull"),
            calling("pbft.ViewChange", "assign", "check", "unchecked")),

    NEW_VIEW_FORGETS(
            "STANDARD",
            3,
            "a new view assigns nothing of what prepared before",
            calling("pbft.ViewChange", "assign", "accept", "acceptNothing"),
            calling("pbft.ViewChange", "assign", "check", "unchecked")),

    CHECKPOINT_WITHOUT_QUORUM(
            "STANDARD",
            35,
            "one signature makes a checkpoint stable",
            calling("pbft.Checkpoints", "settle", "quorum", "one"),
            calling("pbft.Checkpoints", "certify", "quorum", "one"),
            calling("pbft.Checkpoints", "isValid", "quorum", "one")),

    TENTATIVE_NOT_ROLLED_BACK(
            "STANDARD",
            26,
            "a new view that chose something else leaves the tentative state as it is",
            answering("pbft.Applier", "onViewEntered", false),
            answering("pbft.Applier", "onCommitted", false)),

    ONE_REPLY_BELIEVED(
            "STANDARD",
            46,
            "a client believes a single reply",
            calling("pbft.PbftClient", "isBelieved", "oneCorrect", "one")),

    TENTATIVE_BELIEVED_TOO_EARLY(
            "SCHEMES",
            181,
            "a client believes f+1 tentative replies",
            calling("pbft.PbftClient", "isBelieved", "quorum", "fPlusOne")),

    ONE_REPORT_BELIEVED(
            "STANDARD",
            11,
            "one peer's report of a commit is believed",
            calling("pbft.StateTransfer", "onCommitted", "oneCorrect", "one")),

    PAGE_NOT_VERIFIED(
            "LAGGARDS",
            34,
            "a page of a state is taken without its digest",
            calling("transfer.SnapshotFetch", "takePart", "isEqual", "samePart")),

    WINDOW_OF_CLAIMS_IGNORED(
            "HOARDERS",
            104,
            "a view change counts as silent about sequences above its window",
            calling("pbft.NewView", "isUncontradicted", "covers", "coversAllAbove"),
            calling("pbft.NewView", "isFree", "covers", "coversAllAbove")),

    NOBODY_JOINS(
            "RECONFIGURE",
            46,
            "nobody joins a view that f+1 others ask for",
            answering("pbft.ViewChange", "join", false)),

    STALE_EPOCH_ACCEPTED(
            "RECONFIGURE",
            1,
            "a message of another epoch is taken, and a signature of another epoch holds",
            answering("simulator.SimMember", "isOf", true),
            instead("virtual.SimKeys", "epochPart", "ofAnyEpoch")),

    ONE_HANDOVER_BELIEVED(
            "RECONFIGURE",
            2,
            "one signature proves what follows an epoch",
            calling("epoch.HandoverCertificate", "verified", "quorum", "one")),

    EPOCH_WITHOUT_END(
            "RECONFIGURE",
            2,
            "replicas order past the end of their epoch",
            calling("pbft.PbftLog", "high", "min", "theFirst")),

    OPENING_NOT_AWAITED(
            "RECONFIGURE",
            1,
            "a replica takes part in an epoch without the state that it begins with",
            answering("pbft.StateTransfer$Opening", "isAwaited", false)),

    CLIENTS_NOT_CARRIED(
            "RECONFIGURE",
            4,
            "the next epoch forgets what ran in the one before",
            calling("epoch.OpeningState", "of", "carry", "carryNothing")),

    READS_AFTER_THE_END(
            "HANDOVERS",
            4,
            "a replica answers reads in an epoch that is over",
            calling("pbft.Applier", "newestSequence", "isClosed", "neverClosed")),

    PROPOSES_BEFORE_IT_REMEMBERS(
            "RECONFIGURE",
            12,
            "a primary assigns sequences before it has read its journal",
            calling("pbft.Proposer", "mayPropose", "isStateAwaited", "never")),

    TAGS_NOT_CHECKED(
            "TAGS",
            4,
            "a request that is passed on is taken whatever its tag",
            answering("pbft.Admission", "isTagged", true)),

    VOUCHED_FOR_BY_ONE(
            "TAGS",
            16,
            "one vote, the primary's, vouches for a request whose tag does not hold",
            calling("pbft.Admission", "hasVouchers", "oneCorrect", "one"));

    private final Twin twin;

    PlantedBug(final String preset, final long seed, final String sentence, final Edit... edits) {
        twin = new Twin(Hunt.class, preset, seed, sentence, List.of(edits));
    }

    Twin twin() {
        return twin;
    }
}
