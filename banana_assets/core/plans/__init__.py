"""From failures and recommendations to ordered, validated plans."""
