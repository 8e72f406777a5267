package io.quorate.peer.format;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.decision.Certificate;
import io.quorate.engine.decision.Decision;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntFunction;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A decision as a JSON object, and back. A certified one also carries the canonical encoding that the peers signed
 * ({@code record}, base64); reading compares every field that the encoding determines, so none can be changed unnoticed.
 */
public final class DecisionJson {
    private static final String RECORD = "record";
    private static final String CERTIFICATE = "certificate";

    private DecisionJson() {}

    /**
     * What the ordered inputs determine, then what it cost to compute.
     *
     * @param idOf what to write for a peer id
     */
    public static Map<String, Object> fields(final Decision decision, final IntFunction<?> idOf) {
        final Map<String, Object> fields = new LinkedHashMap<>();
        putDetermined(fields, decision, idOf);
        putCost(fields, decision.cost());
        return fields;
    }

    /** A decided round with its proof, as one event. */
    public static Map<String, Object> certified(final CertifiedDecision certified) {
        final Decision decision = certified.decision();
        final Certificate certificate = certified.certificate();
        final Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("event", "decision");
        fields.put("round", decision.round());
        fields.putAll(fields(decision, id -> id));
        fields.put("decisionNanos", certified.decisionNanos());
        fields.put("reason", decision.reason());
        fields.put("epoch", certificate.epoch());
        fields.put("sequence", certificate.sequence());
        fields.put(RECORD, Base64.getEncoder().encodeToString(decision.encode()));
        final List<Object> signatures = new ArrayList<>();
        for (final Certificate.Signature signature : certificate.signatures()) {
            final Map<String, Object> one = new LinkedHashMap<>();
            one.put("peer", signature.peerId());
            one.put("digest", certificate.digest());
            one.put("signature", signature.signature());
            signatures.add(one);
        }
        fields.put(CERTIFICATE, signatures);
        return fields;
    }

    /**
     * The decision of a certified event; all fields but cost and latency are those of its canonical encoding.
     *
     * @throws IllegalArgumentException if a field is missing
     * @throws IllegalStateException if a field is not what the encoding says
     */
    public static Decision decision(final Map<String, ?> event) {
        final String text = text(event, RECORD);
        final byte[] record;
        try {
            record = Base64.getDecoder().decode(text);
        } catch (final IllegalArgumentException e) {
            throw new IllegalArgumentException("\"" + RECORD + "\" is no base64 text: " + e.getMessage(), e);
        }
        final Decision decision = Decision.decode(new UnsafeBuffer(record), 0, record.length);
        final Map<String, Object> expected = new LinkedHashMap<>();
        expected.put("round", decision.round());
        expected.put("reason", decision.reason());
        expected.put("sequence", decision.sequence());
        putDetermined(expected, decision, id -> id);
        expected.forEach((name, value) -> {
            if (!same(value, required(event, name))) {
                throw new IllegalStateException("not valid: \"" + name + "\" is not what the peers signed");
            }
        });
        return decision;
    }

    /**
     * The certificate of a certified event.
     *
     * @throws IllegalArgumentException if a field is missing or has a wrong type
     */
    public static Certificate certificate(final Map<String, ?> event) {
        final List<Certificate.Signature> signatures = new ArrayList<>();
        String digest = null;
        if (!(required(event, CERTIFICATE) instanceof final List<?> list) || list.isEmpty()) {
            throw new IllegalArgumentException("\"" + CERTIFICATE + "\" must be a list of signatures");
        }
        for (final Object element : list) {
            if (!(element instanceof final Map<?, ?> map)) {
                throw new IllegalArgumentException("\"" + CERTIFICATE + "\" must be a list of objects");
            }
            final Map<String, Object> signature = new LinkedHashMap<>();
            map.forEach((name, value) -> signature.put(String.valueOf(name), value));
            final String one = text(signature, "digest");
            if (digest != null && !digest.equals(one)) {
                throw new IllegalArgumentException(
                        "the signatures of \"" + CERTIFICATE + "\" are over different digests");
            }
            digest = one;
            signatures.add(new Certificate.Signature(peerId(signature), text(signature, "signature")));
        }
        return new Certificate(
                text(event, "round"), number(event, "epoch"), number(event, "sequence"), digest, signatures);
    }

    private static void putDetermined(
            final Map<String, Object> fields, final Decision decision, final IntFunction<?> idOf) {
        final Decision.Verdict verdict = decision.verdict();
        fields.put("mode", decision.settings().mode().name().toLowerCase(Locale.ROOT));
        fields.put("status", verdict.status().label());
        fields.put("consensus", verdict.consensus());
        fields.put("consensusPeer", decision.isAgreed() ? idOf.apply(verdict.consensusPeer()) : null);
        fields.put("support", Arrays.stream(decision.support()).mapToObj(idOf).toList());
        fields.put("agreement", verdict.agreement());
        fields.put("strength", verdict.strength());
        final Map<String, Object> influence = new LinkedHashMap<>();
        for (final Decision.Contributor contributor : decision.contributors()) {
            influence.put(String.valueOf(idOf.apply(contributor.peerId())), contributor.influence());
        }
        fields.put("influence", influence);
        final List<Object> ranking = new ArrayList<>();
        for (final Decision.Contributor contributor : decision.ranking()) {
            final Map<String, Object> rank = new LinkedHashMap<>();
            rank.put("peer", idOf.apply(contributor.peerId()));
            rank.put("influence", contributor.influence());
            ranking.add(rank);
        }
        fields.put("ranking", ranking);
        final List<Object> byzantine = new ArrayList<>();
        final Map<String, Object> distances = new LinkedHashMap<>();
        for (final Decision.Suspect suspect : decision.byzantine()) {
            byzantine.add(idOf.apply(suspect.peerId()));
            distances.put(String.valueOf(idOf.apply(suspect.peerId())), suspect.distance());
        }
        fields.put("byzantine", byzantine);
        fields.put("byzantineDistances", distances);
        fields.put("fused", decision.fused());
        putDetails(fields, decision, idOf);
    }

    private static void putDetails(
            final Map<String, Object> fields, final Decision decision, final IntFunction<?> idOf) {
        if (decision.details() instanceof final Decision.Gossip gossip) {
            final Map<String, Object> distances = new LinkedHashMap<>();
            for (int i = 0; i < gossip.finalDistances().size(); i++) {
                final int peerId = decision.contributors().get(i).peerId();
                distances.put(
                        String.valueOf(idOf.apply(peerId)),
                        gossip.finalDistances().get(i));
            }
            final Map<String, Object> details = new LinkedHashMap<>();
            details.put("rounds", gossip.rounds());
            details.put("spreadBefore", gossip.spreadBefore());
            details.put("spreadAfter", gossip.spreadAfter());
            details.put("finalDistances", distances);
            details.put("graphDigest", gossip.graphDigest());
            fields.put("gossip", details);
        }
        if (decision.details() instanceof final Decision.Turn turn) {
            final Map<String, Object> details = new LinkedHashMap<>();
            details.put("rope", turn.rope().mode().label());
            details.put("sigma", turn.rope().sigma());
            details.put("ladder", turn.rope().ladder());
            details.put("graphDigest", turn.graphDigest());
            fields.put("topology", details);
        }
    }

    private static void putCost(final Map<String, Object> fields, final Decision.Cost cost) {
        if (cost == null) {
            return;
        }
        fields.put("executionNanos", cost.executionNanos());
        fields.put("memoryBytes", cost.memoryBytes());
        final Map<String, Object> kernel = new LinkedHashMap<>();
        kernel.put("name", cost.kernelName());
        kernel.put("bits", cost.kernelBits());
        fields.put("kernel", kernel);
    }

    /** True if a read value is the written one; a number counts as read if it rounds to the same bits. */
    private static boolean same(final Object written, final Object read) {
        if (written instanceof final Map<?, ?> map) {
            return read instanceof final Map<?, ?> other
                    && map.keySet().equals(other.keySet())
                    && map.keySet().stream().allMatch(key -> same(map.get(key), other.get(key)));
        }
        if (written instanceof final List<?> list) {
            if (!(read instanceof final List<?> other) || list.size() != other.size()) {
                return false;
            }
            for (int i = 0; i < list.size(); i++) {
                if (!same(list.get(i), other.get(i))) {
                    return false;
                }
            }
            return true;
        }
        if (written instanceof final float[] floats) {
            return read instanceof final List<?> other && sameFloats(floats, other);
        }
        if (written instanceof final Double number) {
            return read instanceof final Number other && number == other.doubleValue();
        }
        if (written instanceof final Number number) {
            return read instanceof final Number other
                    && new BigDecimal(number.longValue()).compareTo(new BigDecimal(other.toString())) == 0;
        }
        return written == null ? read == null : written.equals(read);
    }

    private static boolean sameFloats(final float[] written, final List<?> read) {
        boolean same = written.length == read.size();
        for (int i = 0; same && i < written.length; i++) {
            same = read.get(i) instanceof final Number number && number.floatValue() == written[i];
        }
        return same;
    }

    private static Object required(final Map<String, ?> fields, final String name) {
        if (!fields.containsKey(name)) {
            throw new IllegalArgumentException("the field \"" + name
                    + "\" is missing: give one decision as contribute or demo print it with --json");
        }
        return fields.get(name);
    }

    private static String text(final Map<String, ?> fields, final String name) {
        if (required(fields, name) instanceof final String text) {
            return text;
        }
        throw new IllegalArgumentException("\"" + name + "\" must be a text");
    }

    private static long number(final Map<String, ?> fields, final String name) {
        if (required(fields, name) instanceof final Long number && number >= 0) {
            return number;
        }
        throw new IllegalArgumentException("\"" + name + "\" must be a whole number that is not negative");
    }

    private static int peerId(final Map<String, ?> fields) {
        return (int) Math.min(number(fields, "peer"), Integer.MAX_VALUE);
    }
}
