// Verifies what Baton sends, with nothing but Go's standard library (1.19 or newer).
//
//	go run main.go [vectors.json]
//
// Use the raw body: the bytes as they came, before any JSON parser has touched them.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

const toleranceSeconds = 300

var digits = regexp.MustCompile(`^[0-9]{1,12}$`)

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}

// hmac.Equal compares in constant time and is false at once when the lengths differ.

// VerifyLeadsBot checks X-LeadsBot-Signature: the lowercase hex HMAC-SHA256 of the raw body, keyed
// with the secret's text.
func VerifyLeadsBot(rawBody []byte, signature, secret string) bool {
	expected := hex.EncodeToString(mac([]byte(secret), rawBody))
	return hmac.Equal([]byte(signature), []byte(expected))
}

// VerifyWebhook checks webhook-id, webhook-timestamp and webhook-signature: Standard Webhooks
// 1.0.0. The keys of headers are in lower case.
func VerifyWebhook(rawBody []byte, headers map[string]string, secret string, nowSeconds int64) bool {
	id, timestamp := headers["webhook-id"], headers["webhook-timestamp"]
	signatures := headers["webhook-signature"]
	if id == "" || signatures == "" || !digits.MatchString(timestamp) {
		return false
	}
	sentAt, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || sentAt < nowSeconds-toleranceSeconds || sentAt > nowSeconds+toleranceSeconds {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	sum := mac(key, []byte(id+"."+timestamp+"."), rawBody)
	expected := []byte("v1," + base64.StdEncoding.EncodeToString(sum))
	// While a secret is rotated there are two signatures; one that is right is enough.
	for _, signature := range strings.Split(signatures, " ") {
		if hmac.Equal([]byte(signature), expected) {
			return true
		}
	}
	return false
}

type vector struct {
	Name    string
	Secret  string
	Now     int64
	Headers map[string]string
	Body    string
	Expect  struct{ Leadsbot, Webhook bool }
}

func main() {
	file := "vectors.json"
	if len(os.Args) > 1 {
		file = os.Args[1]
	}
	text, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var document struct{ Vectors []vector }
	if err := json.Unmarshal(text, &document); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	wrong := 0
	for _, v := range document.Vectors {
		body := []byte(v.Body)
		if VerifyLeadsBot(body, v.Headers["x-leadsbot-signature"], v.Secret) != v.Expect.Leadsbot {
			fmt.Fprintf(os.Stderr, "%s: leadsbot is not as expected\n", v.Name)
			wrong++
		}
		if VerifyWebhook(body, v.Headers, v.Secret, v.Now) != v.Expect.Webhook {
			fmt.Fprintf(os.Stderr, "%s: webhook is not as expected\n", v.Name)
			wrong++
		}
	}
	fmt.Printf("go: %d vectors, %d wrong\n", len(document.Vectors), wrong)
	if wrong > 0 || len(document.Vectors) == 0 {
		os.Exit(1)
	}
}
