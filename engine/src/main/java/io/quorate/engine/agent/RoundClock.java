package io.quorate.engine.agent;

import io.quorate.engine.decision.Certificate;
import io.quorate.engine.decision.Decision;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Brings a round's decision, its certificate and its start together, whichever comes first; bounded, the oldest round gives
 * way. On the consensus thread.
 */
final class RoundClock {
    private static final int ROUNDS_MAX = 1024;

    private final Map<String, Long> startNs = new LinkedHashMap<>();
    private final Map<String, Decision> uncertified = new LinkedHashMap<>();

    /** A round begins for this peer: by its own contribution or because it saw the round open; the first counts. */
    void onStart(final String round, final long nowNs) {
        startNs.putIfAbsent(round, nowNs);
        trim(startNs);
    }

    /** The round's decision; complete if its certificate is known already. */
    CertifiedDecision onDecision(final Decision decision, final Certificate known, final long nowNs) {
        if (known != null && known.sequence() == decision.sequence()) {
            return complete(decision, known, nowNs);
        }
        uncertified.put(decision.round(), decision);
        trim(uncertified);
        return null;
    }

    /** The round's certificate; complete if its decision is known already, else null. */
    CertifiedDecision onCertificate(final Certificate certificate, final long nowNs) {
        final Decision decision = uncertified.get(certificate.round());
        if (decision == null || decision.sequence() != certificate.sequence()) {
            return null;
        }
        return complete(decision, certificate, nowNs);
    }

    private CertifiedDecision complete(final Decision decision, final Certificate certificate, final long nowNs) {
        uncertified.remove(decision.round());
        final Long start = startNs.remove(decision.round());
        return new CertifiedDecision(decision, certificate, start == null ? 0 : nowNs - start);
    }

    private static void trim(final Map<String, ?> table) {
        if (table.size() > ROUNDS_MAX) {
            table.remove(table.keySet().iterator().next());
        }
    }
}
