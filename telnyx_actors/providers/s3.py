"""Where recordings and transcripts are kept: an S3 bucket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    HTTPClientError,
    ReadTimeoutError,
)
from botocore.exceptions import (
    ConnectionError as EndpointError,
)
from loguru import logger

from telnyx_actors.errors import Failure, ProviderError
from telnyx_actors.providers.http import failure_of, reason_of

PROVIDER: Final = "archive"

MAX_READ_BYTES: Final = 64 * 1024 * 1024
"""Into memory, all at once."""
MAX_EXPIRES_S: Final = 7 * 24 * 3600  # S3 refuses later ones, but only when they are used

_ABSENT: Final = frozenset({"NoSuchKey", "404", "NotFound"})
_FORBIDDEN: Final = frozenset({"AccessDenied", "403"})  # by number where the answer has no body: to a HEAD
_T = TypeVar("_T")


# --- S3 ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class S3Options:
    """``endpoint_url`` (``AWS_ENDPOINT_URL_S3``) is for what speaks S3 but is not Amazon's.

    Without keys, boto3 looks where it usually looks: a profile, the role of the machine.
    """

    bucket: str
    region: str
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    endpoint_url: str | None = None
    pool_size: int = 20
    connect_timeout_s: float = 3.0
    read_timeout_s: float = 20.0
    tries_max: int = 3

    def hurried(self) -> S3Options:
        """For what a caller waits for: one try, of a moment."""
        return replace(self, connect_timeout_s=1.0, read_timeout_s=1.5, tries_max=1)


class S3Archive:
    """An ``Archive`` in one bucket. Threads share the client: it is made once, here.

    Raises ``ProviderError`` where the options are none of S3's.
    """

    def __init__(self, options: S3Options) -> None:
        self._bucket = options.bucket
        # Any: boto3 makes the client's methods up as it runs.
        self._client: Any = self._run(
            lambda: boto3.client(
                "s3",
                region_name=options.region,
                endpoint_url=options.endpoint_url,
                aws_access_key_id=options.access_key_id,
                aws_secret_access_key=options.secret_access_key,
                aws_session_token=options.session_token,
                config=_config(options),
            )
        )

    def put(self, key: str, source: Path | bytes, content_type: str) -> str:
        self._run(lambda: self._upload(key, source, content_type))
        return f"s3://{self._bucket}/{key}"

    def get(self, key: str) -> bytes | None:
        return self._found(key, lambda: self._download(key, MAX_READ_BYTES))

    def size_bytes(self, key: str) -> int | None:
        def ask() -> int:
            size_bytes: int = self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
            return size_bytes

        return self._found(key, ask)

    def read(self, key: str, first: int, last: int) -> bytes | None:
        return self._found(key, lambda: self._download(key, last - first + 1, Range=f"bytes={first}-{last}"))

    def url(self, key: str, expires_s: int) -> str:
        """Valid for a week at most."""
        return self._run(lambda: self._presign(key, min(expires_s, MAX_EXPIRES_S)))

    def close(self) -> None:
        """Close idle connections."""
        self._client.close()

    def _found(self, key: str, work: Callable[[], _T]) -> _T | None:
        try:
            return self._run(work)
        except ProviderError as error:
            if error.code in _ABSENT:
                return None
            if error.code in _FORBIDDEN:
                # What S3 says of a missing key to those who may not list the bucket.
                logger.debug("S3 forbids reading {}, or it does not exist: {}", key, error)
                return None
            raise

    def _upload(self, key: str, source: Path | bytes, content_type: str) -> None:
        if isinstance(source, bytes):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=source, ContentType=content_type)
            return
        with source.open("rb") as file:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=file, ContentType=content_type)

    def _download(self, key: str, bytes_max: int, **part: str) -> bytes:
        answer = self._client.get_object(Bucket=self._bucket, Key=key, **part)
        with answer["Body"] as body:
            if answer["ContentLength"] > bytes_max:  # or one that speaks S3 and knows nothing of parts
                raise ProviderError(PROVIDER, Failure.PROTOCOL, f"{key} has {answer['ContentLength']} bytes")
            content: bytes = body.read()
            return content

    def _presign(self, key: str, expires_s: int) -> str:
        where = {"Bucket": self._bucket, "Key": key}
        address: str = self._client.generate_presigned_url("get_object", Params=where, ExpiresIn=expires_s)
        return address

    def _run(self, work: Callable[[], _T]) -> _T:
        try:
            return work()
        except ClientError as error:
            raise _refusal(error) from error
        except (ConnectTimeoutError, ReadTimeoutError) as error:
            raise ProviderError(PROVIDER, Failure.TIMEOUT, reason_of(str(error))) from error
        except (EndpointError, HTTPClientError) as error:
            raise ProviderError(PROVIDER, Failure.UNAVAILABLE, reason_of(str(error))) from error
        except (BotoCoreError, OSError) as error:
            raise ProviderError(PROVIDER, Failure.REFUSED, reason_of(str(error))) from error


def _config(options: S3Options) -> Config:
    return Config(
        # By default a URL is signed the old way, which newer regions refuse, for a host that redirects.
        signature_version="s3v4",
        s3={
            # TLS certificates do not cover buckets with dots as host names.
            "addressing_style": "path" if "." in options.bucket else "virtual",
            "us_east_1_regional_endpoint": "regional",
        },
        # Some that speak S3 choke on checksums they were not asked for.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=options.connect_timeout_s,
        read_timeout=options.read_timeout_s,
        retries={"total_max_attempts": options.tries_max, "mode": "standard"},
        max_pool_connections=options.pool_size,
        # No entry is no proxy: those of the environment are not used.
        proxies={},
    )


def _refusal(error: ClientError) -> ProviderError:
    details = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return ProviderError(
        PROVIDER,
        failure_of(status),
        reason_of(details.get("Message") or str(error)),
        status=status,
        code=details.get("Code"),
    )
