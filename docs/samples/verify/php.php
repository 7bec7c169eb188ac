<?php
// Verifies what Baton sends, with nothing but PHP 8.
//
//   php php.php [vectors.json]
//
// Use the raw body: file_get_contents('php://input'), before any JSON parser has touched it.
declare(strict_types=1);

const TOLERANCE_SECONDS = 300;

// hash_equals compares in constant time and is false at once when the lengths differ.

/** X-LeadsBot-Signature: lowercase hex HMAC-SHA256 of the raw body, keyed with the secret's text. */
function verify_leadsbot(string $rawBody, ?string $signature, string $secret): bool
{
    return $signature !== null
        && hash_equals(hash_hmac('sha256', $rawBody, $secret), $signature);
}

/** webhook-id, webhook-timestamp, webhook-signature: Standard Webhooks 1.0.0. */
function verify_webhook(string $rawBody, array $headers, string $secret, int $nowSeconds): bool
{
    $id = $headers['webhook-id'] ?? '';
    $timestamp = $headers['webhook-timestamp'] ?? '';
    $signatures = $headers['webhook-signature'] ?? '';
    if ($id === '' || $signatures === '' || preg_match('/\A[0-9]{1,12}\z/', $timestamp) !== 1) {
        return false;
    }
    if (abs($nowSeconds - (int) $timestamp) > TOLERANCE_SECONDS) {
        return false;
    }
    $key = base64_decode(preg_replace('/\Awhsec_/', '', $secret), true);
    if ($key === false) {
        return false;
    }
    $mac = hash_hmac('sha256', "$id.$timestamp.$rawBody", $key, true);
    $expected = 'v1,' . base64_encode($mac);
    // While a secret is rotated there are two signatures; one that is right is enough.
    foreach (explode(' ', $signatures) as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

if (realpath($argv[0] ?? '') === __FILE__) {
    $file = $argv[1] ?? __DIR__ . '/vectors.json';
    $vectors = json_decode(file_get_contents($file), true, 512, JSON_THROW_ON_ERROR)['vectors'];
    $wrong = 0;
    foreach ($vectors as $vector) {
        ['secret' => $secret, 'headers' => $headers, 'body' => $body] = $vector;
        $got = [
            'leadsbot' => verify_leadsbot($body, $headers['x-leadsbot-signature'] ?? null, $secret),
            'webhook' => verify_webhook($body, $headers, $secret, $vector['now']),
        ];
        foreach ($vector['expect'] as $scheme => $expected) {
            if ($got[$scheme] !== $expected) {
                fwrite(STDERR, "{$vector['name']}: $scheme is not as expected\n");
                $wrong++;
            }
        }
    }
    echo 'php: ', count($vectors), " vectors, $wrong wrong\n";
    exit($wrong === 0 && $vectors !== [] ? 0 : 1);
}
